// `liaison audit verify | export`: the ledger of evidence, proved and handed out.
#include <fstream>
#include <ostream>

#include <boost/json.hpp>

#include "mime/text/base64.hpp"
#include "mime/text/digest.hpp"
#include "relay/app/command_tools.hpp"
#include "relay/app/ledger_seals.hpp"
#include "relay/io/files.hpp"

namespace relay::app {
namespace json = boost::json;
namespace {
constexpr std::uint64_t most_of_a_statement = 1U << 20U;

// How somebody without Liaison checks the file: the first line of each export.
constexpr std::string_view how =
    "sha256(n) = SHA-256(sha256(n-1), sequence, at, then kind, stay, letter, delivery, payload, each after its length "
    "in "
    "octets); numbers are 8 octets, big-endian; sha256(0) is 32 zero octets; at is UTC milliseconds; payload is base64 "
    "of sealed octets; a statement is a CMS multipart/signed (openssl cms -verify) that names a sequence and its "
    "sha256";

std::string_view told(ledger_fault fault)
{
    switch (fault) {
        case ledger_fault::none: return "registre intact";
        case ledger_fault::chain: return "chaîne rompue : une preuve manque, a été changée ou ajoutée";
        case ledger_fault::statement: return "signature refusée, ou d'un signataire qui n'est pas reconnu";
        case ledger_fault::rewritten: return "registre récrit : la chaîne n'est pas celle qui a été signée";
        case ledger_fault::cut: return "registre coupé : il finit avant ce qui a été signé";
    }
    return "";
}

std::string_view name(ledger_fault fault)
{
    switch (fault) {
        case ledger_fault::none: return "none";
        case ledger_fault::chain: return "chain";
        case ledger_fault::statement: return "statement";
        case ledger_fault::rewritten: return "rewritten";
        case ledger_fault::cut: return "cut";
    }
    return "";
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
            return 2;
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
        to.out << json::object{{"fault", name(verdict->fault)},
                               {"sequence", verdict->sequence},
                               {"statements", verdict->statements}}
               << "\n";
    else
        to.out << told(verdict->fault) << (good ? ", " : ", à la preuve ") << verdict->sequence
               << (good ? " preuves, " : ", ") << verdict->statements << " signatures\n";
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
                            {"sha256", mime::hex(line.hash)}}
            << "\n";
    });
    if (!read.has_value()) {
        tell_unreadable(to, read.error());
        return exit_failed;
    }
    for (const store::ledger_seal& one : *seals)
        out << json::object{{"statement", one.statement}, {"sequence", one.sequence}} << "\n";
    out.close();
    if (!out) {
        to.err << file.string() << " : écriture impossible\n";
        return exit_failed;
    }
    to.out << count << " preuves, " << seals->size() << " signatures écrites\n";
    return 0;
}
}
