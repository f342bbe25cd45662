#include "relay/store/retention_rows.hpp"

#include <iterator>

#include <boost/system/system_error.hpp>

#include "relay/store/errc.hpp"
#include "relay/store/fact_pack.hpp"
#include "relay/store/ledger.hpp"
#include "relay/store/rows.hpp"

namespace relay::store {
using namespace pipeline;
namespace {
constexpr std::chrono::milliseconds longest_certificate_pause = std::chrono::hours(1);

ports::kept_refusal read_kept(const cursor& row)
{
    return {row.integer(0), row.id<blob_id>(1), row.when(2)};
}

ports::store_statement read_statement(const cursor& row)
{
    return {row.integer(0), word<event_kind>(row, 1), row.when(2), row.text(3)};
}

ports::period_record read_record(const cursor& row)
{
    return {static_cast<std::int32_t>(row.integer(0)), static_cast<std::int32_t>(row.integer(1)), row.when(2),
            row.text(3), row.text(4)};
}

std::int32_t read_day(const cursor& row)
{
    return static_cast<std::int32_t>(row.integer(0));
}
}

std::vector<letter_row> retention_rows::letters_with_content(instant until, const ports::letter_place& place,
                                                             std::size_t limit)
{
    return all(database_.query("SELECT " LIAISON_LETTER_COLUMNS
                               " FROM letter INDEXED BY letter_content WHERE document IS NOT NULL AND received_at <= ?"
                               " AND (received_at, id) > (?, ?) ORDER BY received_at, id LIMIT ?",
                               until, place.received_at, place.id.text(), limit_of(limit)),
               read_letter);
}

std::vector<ports::kept_refusal> retention_rows::refusals_with_content(instant until, std::size_t limit)
{
    return all(database_.query("SELECT sequence, content, at FROM refusal INDEXED BY refusal_content"
                               " WHERE content IS NOT NULL AND at <= ? ORDER BY at LIMIT ?",
                               until, limit_of(limit)),
               read_kept);
}

std::vector<delivery_row> retention_rows::reports_with_content(instant until, std::size_t limit)
{
    return all(database_.query("SELECT " LIAISON_DELIVERY_COLUMNS
                               " FROM delivery INDEXED BY delivery_report_content WHERE kind = 'report'"
                               " AND mail IS NOT NULL AND created_at <= ? ORDER BY created_at LIMIT ?",
                               until, limit_of(limit)),
               read_delivery);
}

std::optional<ports::object_facts> retention_rows::object(const blob_id& id)
{
    cursor row = database_.query("SELECT length, sha256 FROM blob WHERE id = ?", id);
    if (!row.next()) return std::nullopt;
    return ports::object_facts{static_cast<std::uint64_t>(row.integer(0)), row.text(1)};
}

std::vector<ack_row> retention_rows::certificates_waiting(instant now, std::size_t limit)
{
#define LIAISON_CERTIFICATES_DUE(range)                                \
    "SELECT " LIAISON_ACK_COLUMNS                                      \
    " FROM ack_out INDEXED BY ack_certificate WHERE state = 'waiting'" \
    " AND kind = 'certificate' AND " range " ORDER BY file_try, sequence LIMIT ?"
    auto found = all(database_.query(LIAISON_CERTIFICATES_DUE("file_try <= ?"), now, limit_of(limit)), read_ack);
    if (found.size() == limit) return found;
    // Longer than any pause: a clock that was ahead wrote it.
    auto ahead = all(database_.query(LIAISON_CERTIFICATES_DUE("file_try > ?"), now + 2 * longest_certificate_pause,
                                     limit_of(limit - found.size())),
                     read_ack);
    std::move(ahead.begin(), ahead.end(), std::back_inserter(found));
    return found;
}

std::vector<ack_row> retention_rows::certificates_of(const letter_id& id)
{
    return all(database_.query("SELECT " LIAISON_ACK_COLUMNS
                               " FROM ack_out WHERE letter = ? AND kind = 'certificate' ORDER BY sequence",
                               id),
               read_ack);
}

std::vector<event> retention_rows::store_events(std::int64_t after, std::size_t limit)
{
    return all(database_.query("SELECT " LIAISON_EVENT_COLUMNS
                               " FROM event INDEXED BY event_of_store WHERE stay IS NULL AND letter IS NULL"
                               " AND delivery IS NULL AND sequence > ? ORDER BY sequence LIMIT ?",
                               after, limit_of(limit)),
               [this](const cursor& row) { return read_event(row, vault_); });
}

std::vector<ports::store_statement> retention_rows::statements()
{
    return all(database_.query("SELECT sequence, kind, at, statement FROM store_statement ORDER BY sequence"),
               read_statement);
}

std::optional<instant> retention_rows::last_event_at()
{
    auto row = database_.query("SELECT at FROM event ORDER BY sequence DESC LIMIT 1");
    if (!row.next()) return std::nullopt;
    return row.when(0);
}

std::int64_t retention_rows::last_statement()
{
    return database_.single("SELECT sequence FROM store_statement ORDER BY sequence DESC LIMIT 1");
}

std::vector<ports::period_record> retention_rows::records(std::int32_t from, std::int32_t to)
{
    return all(database_.query("SELECT day, revision, at, '', changes FROM period_record WHERE day >= ? AND day < ?"
                               " ORDER BY day, revision",
                               from, to),
               read_record);
}

std::optional<ports::period_record> retention_rows::last_record(std::int32_t day)
{
    cursor row = database_.query(
        "SELECT day, revision, at, counts, changes FROM period_record WHERE day = ? ORDER BY revision DESC LIMIT 1",
        day);
    if (!row.next()) return std::nullopt;
    return read_record(row);
}

std::vector<std::int32_t> retention_rows::changed_days(std::size_t limit)
{
    return all(database_.query("SELECT day FROM period_changed ORDER BY day LIMIT ?", limit_of(limit)), read_day);
}

std::vector<std::int32_t> retention_rows::frozen_days(std::int32_t from, std::int32_t to)
{
    return all(database_.query("SELECT day FROM period_frozen WHERE day >= ? AND day < ? ORDER BY day", from, to),
               read_day);
}

std::optional<std::int32_t> retention_rows::next_unrecorded(std::int32_t day)
{
    // From one day to the next by the key, so that the stays of a day are not walked.
    for (std::int64_t from = day;;) {
        cursor found = database_.query("SELECT day FROM stay_fact WHERE day >= ? ORDER BY day LIMIT 1", from);
        if (!found.next()) return std::nullopt;
        const auto next = read_day(found);
        if (!database_.query("SELECT 1 FROM period_record WHERE day = ?", next).next()) return next;
        from = next + 1;
    }
}

void retention_rows::erase_thoroughly()
{
    database_.execute("PRAGMA secure_delete = ON");
    thorough_ = true;
}

void retention_rows::end_unit()
{
    if (!thorough_) return;
    thorough_ = false;
    database_.execute("PRAGMA secure_delete = FAST");
}

void retention_rows::forget_refusal(std::int64_t sequence)
{
    database_.run("UPDATE refusal SET content = NULL, source_name = x'' WHERE sequence = ?", sequence);
}

void retention_rows::forget_ack_names(const letter_id& id)
{
    database_.run("UPDATE ack_out SET file_name = x'' WHERE letter = ? AND state = 'done'", id);
}

void retention_rows::put_off_certificate(std::int64_t sequence, instant now)
{
    database_.run(
        "UPDATE ack_out SET file_try = ? + min(?, 600000 << min(file_attempts, 10)),"
        " file_attempts = file_attempts + 1 WHERE sequence = ?",
        now, std::int64_t{longest_certificate_pause.count()}, sequence);
}

void retention_rows::add_statement(const ports::store_statement& row)
{
    database_.run("INSERT OR IGNORE INTO store_statement (sequence, kind, at, statement) VALUES (?, ?, ?, ?)",
                  row.sequence, name(row.kind), row.at, row.statement);
}

void retention_rows::add_record(const ports::period_record& row)
{
    database_.run("INSERT INTO period_record (day, revision, at, counts, changes) VALUES (?, ?, ?, ?, ?)", row.day,
                  row.revision, row.at, row.counts, row.changes);
}

void retention_rows::day_is_recorded(std::int32_t day)
{
    database_.run("DELETE FROM period_changed WHERE day = ?", day);
    pack_day(database_, day);
}

bool is_frozen(connection& database, std::int32_t day)
{
    return database.query("SELECT 1 FROM period_frozen WHERE day = ?", std::int64_t{day}).next();
}

void note_changed_day(connection& database, const stay_id& stay)
{
    database.run(
        "INSERT OR IGNORE INTO period_changed SELECT fact.day FROM stay_fact AS fact WHERE fact.stay = ?"
        " AND EXISTS (SELECT 1 FROM period_record WHERE day = fact.day)",
        stay);
}
}
