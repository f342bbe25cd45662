#include "relay/store/ledger.hpp"

#include <algorithm>
#include <stdexcept>

#include <openssl/sha.h>
#include <boost/system/system_error.hpp>

#include "relay/store/errc.hpp"
#include "relay/store/facts.hpp"

namespace relay::store {
namespace {
using namespace pipeline;

std::string context_of(std::int64_t sequence)
{
    return "ledger.event." + std::to_string(sequence);
}

void put_number(std::string& out, std::int64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        out.push_back(static_cast<char>((static_cast<std::uint64_t>(number) >> shift) & 0xffU));
}

struct chained_row {
    std::int64_t sequence;
    std::int64_t at;
    std::string_view kind, stay, letter, delivery, payload;
};

ledger_hash hash_of(const ledger_hash& previous, const chained_row& row)
{
    std::string bytes(previous.begin(), previous.end());
    put_number(bytes, row.sequence);
    put_number(bytes, row.at);
    for (const auto field : {row.kind, row.stay, row.letter, row.delivery, row.payload}) {
        put_number(bytes, static_cast<std::int64_t>(field.size()));
        bytes.append(field);
    }
    ledger_hash hash{};
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
    return hash;
}

std::string_view view_of(const ledger_hash& hash)
{
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

struct sealed_facts {
    std::string payload;
    bool by_node_key = false;  // an event from before keys of their own
    std::string key;
};

// nullopt: the key was destroyed.
std::optional<result<std::string>> opened(const ports::vault& vault, std::int64_t sequence, const sealed_facts& sealed)
{
    if (sealed.by_node_key) return vault.open_field(context_of(sequence), sealed.payload);
    if (sealed.key.empty()) return std::nullopt;
    return vault.open_keyed(context_of(sequence), sealed.key, sealed.payload);
}

template <class T>
T value_or_throw(result<T> outcome)
{
    if (!outcome) throw boost::system::system_error(outcome.error());
    return std::move(*outcome);
}
}

ledger_head load_head(connection& database)
{
    auto row = database.query("SELECT sequence, hash FROM ledger_head WHERE only = 1");
    if (!row.next()) throw boost::system::system_error(make_error_code(store_errc::damaged));
    ledger_head head;
    head.sequence = row.integer(0);
    const std::string hash = row.text(1);
    if (hash.size() != head.hash.size()) throw boost::system::system_error(make_error_code(store_errc::damaged));
    std::copy(hash.begin(), hash.end(), head.hash.begin());
    return head;
}

void save_head(connection& database, const ledger_head& head)
{
    database.run("UPDATE ledger_head SET sequence = ?, hash = ? WHERE only = 1", head.sequence,
                 as_blob{view_of(head.hash)});
}

void append_event(connection& database, const ports::vault& vault, ledger_head& head, const event& entry)
{
    const int named = int{!entry.stay.empty()} + int{!entry.letter.empty()} + int{!entry.delivery.empty()};
    if (named != (is_about_the_store(entry.kind) ? 0 : 1))
        throw std::logic_error("an event is about exactly one of stay, letter and delivery, or about the store");
    const std::int64_t sequence = head.sequence + 1;
    const auto [key, payload] = vault.seal_keyed(context_of(sequence), write_facts(entry.facts));
    const ledger_hash hash =
        hash_of(head.hash, {sequence, entry.at.time_since_epoch().count(), name(entry.kind), entry.stay.text(),
                            entry.letter.text(), entry.delivery.text(), payload});
    database.run(
        "INSERT INTO event (sequence, at, kind, stay, letter, delivery, payload, hash, key)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        sequence, entry.at, name(entry.kind), entry.stay, entry.letter, entry.delivery, as_blob{payload},
        as_blob{view_of(hash)}, as_blob{key});
    head = {sequence, hash};
}

event read_event(const cursor& row, const ports::vault& vault)
{
    event entry;
    entry.sequence = row.integer(0);
    entry.at = row.when(1);
    const auto kind = from_name<event_kind>(row.text(2));
    if (!kind) throw boost::system::system_error(make_error_code(store_errc::newer_schema));
    entry.kind = *kind;
    entry.stay = row.id<stay_id>(3);
    entry.letter = row.id<letter_id>(4);
    entry.delivery = row.id<delivery_id>(5);
    if (auto facts = opened(vault, entry.sequence, {row.text(6), row.null(7), row.text(7)}))
        entry.facts = value_or_throw(read_facts(value_or_throw(std::move(*facts))));
    return entry;
}

std::optional<std::int64_t> first_broken_link(connection& database, const ports::vault& vault)
{
    const ledger_head head = load_head(database);
    ledger_head walked;
    auto rows = database.query(
        "SELECT sequence, at, kind, stay, letter, delivery, payload, hash, key FROM event ORDER BY sequence");
    while (rows.next()) {
        const std::int64_t expected = walked.sequence + 1;
        const std::string kind = rows.text(2), stay = rows.text(3), letter = rows.text(4), delivery = rows.text(5);
        const std::string payload = rows.text(6);
        const ledger_hash hash =
            hash_of(walked.hash, {rows.integer(0), rows.integer(1), kind, stay, letter, delivery, payload});
        if (rows.integer(0) != expected || rows.text(7) != view_of(hash)) return expected;
        const auto facts = opened(vault, expected, {payload, rows.null(8), rows.text(8)});
        if (facts && !facts->has_value()) return expected;
        walked = {expected, hash};
    }
    if (walked.sequence < head.sequence) return walked.sequence + 1;  // the tail was cut
    if (walked.sequence > head.sequence) return head.sequence + 1;    // rows were added behind the head
    if (walked.hash != head.hash) return head.sequence;
    return std::nullopt;
}
}
