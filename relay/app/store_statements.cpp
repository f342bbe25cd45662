#include "relay/app/store_statements.hpp"

#include "mime/smime/open.hpp"

namespace relay::app {
namespace {
using pipeline::event;
constexpr std::size_t at_once = 500;

std::string text_of(const event& of, std::string_view node)
{
    return "Content-Type: text/plain; charset=us-ascii\r\n\r\nLiaison, registre des preuves : declaration\r\nnode: " +
           std::string(node) + "\r\nsequence: " + std::to_string(of.sequence) +
           "\r\nkind: " + std::string(name(of.kind)) + "\r\ntime: " + std::to_string(of.at.time_since_epoch().count()) +
           "\r\ncounts: " + of.facts.flags + "\r\nsha256: " + of.facts.evidence + "\r\n";
}

result<std::vector<event>> events_after(store::sqlite_store& store, std::int64_t after)
{
    std::vector<event> found;
    const auto read =
        store.read([&](pipeline::ports::reader& reader) { found = reader.retention().store_events(after, at_once); });
    if (!read.has_value()) return read.error();
    return found;
}

// "node: " of a statement whose signature holds; what it says must be what its event says.
bool is_true(const std::string& statement, const event& of, const certs::trust_anchors& anchors,
             pipeline::instant signed_at)
{
    const auto at = std::chrono::floor<std::chrono::seconds>(signed_at);
    const auto opened = mime::smime::open_signed(statement, anchors, at, "");
    if (!opened.has_value() || opened->layers != std::vector{mime::smime::protection::signed_multipart}) return false;
    constexpr std::string_view key = "\r\nnode: ";
    const auto begin = opened->entity.find(key);
    if (begin == std::string::npos) return false;
    const auto from = begin + key.size();
    const std::string node = opened->entity.substr(from, opened->entity.find("\r\n", from) - from);
    return opened->entity == text_of(of, node);
}
}

result<std::size_t> sign_store_events(store::sqlite_store& store, std::string_view node, const mime::smime::signer& by,
                                      pipeline::instant now)
{
    std::size_t count = 0;
    for (;;) {
        std::int64_t last = 0;
        const auto read =
            store.read([&](pipeline::ports::reader& reader) { last = reader.retention().last_statement(); });
        if (!read.has_value()) return read.error();
        const auto events = events_after(store, last);
        if (!events.has_value()) return events.error();
        if (events->empty()) return count;
        std::vector<pipeline::ports::store_statement> made;
        for (const event& one : *events) {
            auto text = mime::smime::sign(text_of(one, node), by, std::chrono::floor<std::chrono::seconds>(now));
            if (!text.has_value()) return error_code(text.error());
            made.push_back({one.sequence, one.kind, now, std::move(*text)});
        }
        const auto written = store.write([&](pipeline::ports::transaction& tx) {
            for (const auto& one : made) tx.retention_changes().add_statement(one);
        });
        if (!written.has_value()) return written.error();
        count += made.size();
    }
}

result<std::optional<std::int64_t>> first_false_statement(store::sqlite_store& store,
                                                          const certs::trust_anchors& anchors)
{
    std::vector<pipeline::ports::store_statement> statements;
    const auto read =
        store.read([&](pipeline::ports::reader& reader) { statements = reader.retention().statements(); });
    if (!read.has_value()) return read.error();
    std::size_t place = 0;
    for (std::int64_t last = 0; place < statements.size();) {
        const auto events = events_after(store, last);
        if (!events.has_value()) return events.error();
        if (events->empty()) break;
        for (const event& one : *events) {
            last = one.sequence;
            if (place == statements.size()) break;
            const auto& told = statements[place];
            if (told.sequence > one.sequence) continue;
            if (told.sequence != one.sequence || !is_true(told.statement, one, anchors, told.at))
                return std::optional(told.sequence);
            ++place;
        }
    }
    if (place < statements.size()) return std::optional(statements[place].sequence);
    return std::optional<std::int64_t>();
}
}
