#include "relay/app/ledger_seals.hpp"

#include <charconv>
#include <map>

#include "mime/smime/open.hpp"
#include "mime/text/digest.hpp"
#include "relay/app/store_statements.hpp"
#include "relay/io/files.hpp"

namespace relay::app {
namespace {
using pipeline::instant;

constexpr std::string_view title = "Liaison, registre des preuves : fin de la chaine";
constexpr std::string_view header = "Content-Type: text/plain; charset=us-ascii\r\n\r\n";

std::string_view after(std::string_view text, std::string_view key)
{
    const std::size_t at = text.find("\r\n" + std::string(key) + ": ");
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + key.size() + 4);
    return text.substr(0, text.find("\r\n"));
}

std::optional<std::int64_t> number(std::string_view text)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

// A statement whose signature holds.
std::optional<ledger_statement> verified(const std::string& statement, const certs::trust_anchors& anchors)
{
    const auto claimed = read_statement(statement);
    if (!claimed) return std::nullopt;
    const auto at = std::chrono::floor<std::chrono::seconds>(claimed->at);
    const auto opened = mime::smime::open_signed(statement, anchors, at, "");
    if (!opened.has_value() || opened->layers != std::vector{mime::smime::protection::signed_multipart})
        return std::nullopt;
    const auto told = read_statement(opened->entity);
    // Nothing but a statement: letters are signed with the same key, and say what others wrote.
    return told == claimed && opened->entity == write_statement(*told) ? told : std::nullopt;
}
}

std::string write_statement(const ledger_statement& from)
{
    return std::string(header) + std::string(title) + "\r\nnode: " + from.node +
           "\r\nsequence: " + std::to_string(from.sequence) + "\r\nsha256: " + from.hash +
           "\r\ntime: " + std::to_string(from.at.time_since_epoch().count()) + "\r\n";
}

std::optional<ledger_statement> read_statement(std::string_view entity)
{
    const std::size_t at = entity.find(title);
    if (at == std::string_view::npos) return std::nullopt;
    entity.remove_prefix(at);
    const auto sequence = number(after(entity, "sequence"));
    const auto time = number(after(entity, "time"));
    if (!sequence || !time) return std::nullopt;
    return ledger_statement{std::string(after(entity, "node")), *sequence, std::string(after(entity, "sha256")),
                            instant(std::chrono::milliseconds(*time))};
}

result<sealing> seal_ledger(store::sqlite_store& store, std::string_view node, const mime::smime::signer& by,
                            const config::path& copies, instant now)
{
    const auto end = store.ledger_end();
    if (!end.has_value()) return end.error();
    const auto sealed = store.sealed_until();
    if (!sealed.has_value()) return sealed.error();
    if (end->sequence == *sealed) return sealing::not_moved;
    const std::string text = write_statement({std::string(node), end->sequence, end->hash, now});
    auto made = mime::smime::sign(text, by, std::chrono::floor<std::chrono::seconds>(now));
    if (!made.has_value()) return error_code(made.error());
    if (auto kept = store.add_ledger_seal({end->sequence, now, *made}); !kept.has_value()) return kept.error();
    if (!copies.empty())
        if (auto copied = io::write_file_atomic(copies / ("registre-" + std::to_string(end->sequence) + ".eml"), *made);
            !copied.has_value())
            return copied.error();
    return sealing::done;
}

result<ledger_verdict> verify_ledger(store::sqlite_store& store, const certs::trust_anchors& anchors,
                                     const std::vector<std::string>& others)
{
    const auto broken = store.verify_ledger();
    if (!broken.has_value()) return broken.error();
    if (broken->has_value()) return ledger_verdict{ledger_fault::chain, **broken, 0};
    const auto kept = store.ledger_seals();
    if (!kept.has_value()) return kept.error();
    std::vector<std::string> all = others;
    for (const store::ledger_seal& one : *kept) all.push_back(one.statement);
    std::multimap<std::int64_t, std::string> signed_hashes;
    for (const std::string& one : all) {
        const auto told = verified(one, anchors);
        if (!told)
            return ledger_verdict{ledger_fault::statement, read_statement(one).value_or(ledger_statement{}).sequence,
                                  all.size()};
        signed_hashes.emplace(told->sequence, told->hash);
    }
    ledger_verdict found{ledger_fault::none, 0, all.size()};
    const auto read = store.read_ledger([&](const store::ledger_line& line) {
        if (found.fault != ledger_fault::none) return;
        found.sequence = line.sequence;
        if (line.is_expired) ++found.expired;
        const auto [first, last] = signed_hashes.equal_range(line.sequence);
        for (auto one = first; one != last; ++one)
            if (one->second != mime::hex(line.hash)) found = {ledger_fault::rewritten, line.sequence, all.size()};
    });
    if (!read.has_value()) return read.error();
    if (found.fault == ledger_fault::none && !signed_hashes.empty() && signed_hashes.rbegin()->first > found.sequence)
        found = {ledger_fault::cut, found.sequence, all.size()};
    if (found.fault != ledger_fault::none) return found;
    const auto false_one = first_false_statement(store, anchors);
    if (!false_one.has_value()) return false_one.error();
    if (*false_one) found = {ledger_fault::declaration, **false_one, all.size()};
    return found;
}
}
