// `liaison audit verify | export`: the ledger of evidence, proved and handed out.
#include <algorithm>
#include <fstream>
#include <ostream>

#include <boost/json.hpp>

#include "mime/text/base64.hpp"
#include "mime/text/digest.hpp"
#include "relay/app/command_tools.hpp"
#include "relay/app/ledger_seals.hpp"
#include "relay/app/store_statements.hpp"
#include "relay/io/files.hpp"

namespace relay::app {
namespace json = boost::json;
namespace {
constexpr std::uint64_t most_of_a_statement = 1U << 20U;

// How somebody without Liaison checks the file: the first line of each export.
constexpr std::string_view how =
    "sha256(n) = SHA-256(sha256(n-1), sequence, at, then kind, stay, letter, delivery, payload, each after its length "
    "in octets); numbers are 8 octets, big-endian; sha256(0) is 32 zero octets; at is UTC milliseconds; payload is "
    "base64 of sealed octets, that nobody can open any more where expired is true; a declaration is signed like a "
    "statement and tells in clear the counts and the digest of one event (what was destroyed, figures of a closed "
    "day); a "
    "statement is a CMS multipart/signed (openssl cms -verify) that names a sequence and "
    "its "
    "sha256";

struct fault_words {
    ledger_fault fault;
    std::string_view name;
    std::string_view text;
};
constexpr fault_words faults[] = {
    {ledger_fault::none, "none", "registre intact"},
    {ledger_fault::chain, "chain", "chaîne rompue : une preuve manque, a été changée ou ajoutée"},
    {ledger_fault::statement, "statement", "signature refusée, ou d'un signataire qui n'est pas reconnu"},
    {ledger_fault::rewritten, "rewritten", "registre récrit : la chaîne n'est pas celle qui a été signée"},
    {ledger_fault::cut, "cut", "registre coupé : il finit avant ce qui a été signé"},
    {ledger_fault::declaration, "declaration", "déclaration de destruction ou de chiffres refusée"},
};

const fault_words& words_of(ledger_fault fault)
{
    return *std::find_if(std::begin(faults), std::end(faults), [&](const auto& one) { return one.fault == fault; });
}
}

int run_audit_verify(const console& to, const config::path& settings, const std::vector<std::string>& statements)
{
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    const auto anchors = certs::load_trust_anchors(from->parts->settings.trust.anchors);
    if (!anchors.has_value()) {
        to.err << "[trust] anchors illisible : " << anchors.error().message() << "\n";
        return exit_settings;
    }
    std::vector<std::string> others;
    for (const std::string& file : statements) {
        auto read = io::read_file(file, most_of_a_statement);
        if (!read.has_value()) {
            to.err << file << " : " << read.error().message() << "\n";
            return exit_usage;
        }
        others.push_back(std::move(*read));
    }
    const auto verdict = verify_ledger(*from->store, *anchors, others);
    if (!verdict.has_value()) {
        tell_unreadable(to, verdict.error());
        return exit_failed;
    }
    const bool good = verdict->fault == ledger_fault::none;
    if (to.format == output_format::json)
        to.out << json::object{{"fault", words_of(verdict->fault).name},
                               {"sequence", verdict->sequence},
                               {"statements", verdict->statements},
                               {"expired", verdict->expired}}
               << "\n";
    else
        to.out << words_of(verdict->fault).text << (good ? ", " : ", à la preuve ") << verdict->sequence
               << (good ? " preuves, " : ", ") << verdict->statements << " signatures"
               << (verdict->expired > 0 ? ", " + std::to_string(verdict->expired) + " contenus de preuve expirés" : "")
               << "\n";
    return good ? 0 : exit_failed;
}

int run_audit_export(const console& to, const config::path& settings, const config::path& file)
{
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    const auto seals = from->store->ledger_seals();
    if (!seals.has_value()) {
        tell_unreadable(to, seals.error());
        return exit_failed;
    }
    std::vector<pipeline::ports::store_statement> declared;
    if (!read_all(to, *from, [&](pipeline::ports::reader& store) { declared = store.retention().statements(); }))
        return exit_failed;
    std::ofstream out(file, std::ios::binary);
    out << json::object{{"format", "liaison-ledger-1"}, {"node", from->parts->settings.node.name}, {"how", how}}
        << "\n";
    std::int64_t count = 0;
    const auto read = from->store->read_ledger([&](const store::ledger_line& line) {
        ++count;
        out << json::object{{"sequence", line.sequence},
                            {"at", line.at.time_since_epoch().count()},
                            {"kind", line.kind},
                            {"stay", line.stay},
                            {"letter", line.letter},
                            {"delivery", line.delivery},
                            {"payload", mime::base64_encode(line.payload)},
                            {"expired", line.is_expired},
                            {"sha256", mime::hex(line.hash)}}
            << "\n";
    });
    if (!read.has_value()) {
        tell_unreadable(to, read.error());
        return exit_failed;
    }
    for (const store::ledger_seal& one : *seals)
        out << json::object{{"statement", one.statement}, {"sequence", one.sequence}} << "\n";
    for (const pipeline::ports::store_statement& one : declared)
        out << json::object{{"declaration", one.statement}, {"kind", name(one.kind)}, {"sequence", one.sequence}}
            << "\n";
    out.close();
    if (!out) {
        to.err << file.string() << " : écriture impossible\n";
        return exit_failed;
    }
    to.out << count << " preuves, " << seals->size() << " signatures écrites\n";
    return 0;
}
}
