#include "relay/store/watch_rows.hpp"

#include <algorithm>

#include "relay/pipeline/delivery_fold.hpp"
#include "relay/store/rows.hpp"

namespace relay::store {
using namespace pipeline;
namespace {
std::string item_of(work_topic topic, std::string_view mailbox)
{
    constexpr std::size_t enough = 32;  // of a keyed hash
    return std::string(words_of(topic).word) + ":" + std::string(mailbox.substr(0, enough));
}

bool is_read_state(delivery_state state)
{
    return state == delivery_state::displayed || state == delivery_state::processed;
}

work_evidence warning_line(const cursor& row)
{
    work_evidence made;
    made.kind = work_kind::mailbox;
    made.item = row.text(0);
    for (const work_words& one : all_work_words())
        if (one.word == row.text(1)) made.warning = one.code;
    made.domain = row.text(2);
    made.letter = row.id<letter_id>(3);
    made.since = row.when(4);
    made.count = row.integer(5);
    made.goals = {made.since + past_all_goals, made.since + past_all_goals};  // none: behind all that have one
    return made;
}
}

std::vector<mailbox_history> watch_rows::mailboxes_behind(std::string_view after, std::int64_t day, std::size_t limit)
{
    std::vector<mailbox_history> found;
    auto rows = database_.query(
        "SELECT m.mailbox, m.domain, m.first, m.accepted, m.is_read, m.doctors,"
        " EXISTS (SELECT 1 FROM mailbox_seen AS o WHERE o.domain = m.domain AND o.is_read = 1),"
        " coalesce((SELECT accepted FROM mailbox_day WHERE mailbox = m.mailbox AND day = ?), 0),"
        " (SELECT count(*) FROM mailbox_day WHERE mailbox = m.mailbox AND day < ? AND day >= ?),"
        " coalesce((SELECT sum(accepted) FROM mailbox_day WHERE mailbox = m.mailbox AND day < ? AND day >= ?), 0)"
        " FROM mailbox_seen AS m WHERE m.mailbox > ? ORDER BY m.mailbox LIMIT ?",
        day, day, day - watch_history.count(), day, day - watch_history.count(), after, limit_of(limit));
    while (rows.next()) {
        mailbox_history one;
        one.mailbox = rows.text(0);
        one.domain = rows.text(1);
        one.first = rows.when(2);
        one.accepted = rows.integer(3);
        one.is_read = rows.integer(4) != 0;
        one.doctors = rows.integer(5);
        one.domain_is_read = rows.integer(6) != 0;
        one.today = rows.integer(7);
        one.days_before = rows.integer(8);
        one.letters_before = rows.integer(9);
        found.push_back(std::move(one));
    }
    return found;
}

void watch_rows::save_findings(const mailbox_history& of, std::span<const mailbox_finding> findings, instant at)
{
    for (const work_topic topic :
         {work_topic::mailbox_volume, work_topic::mailbox_unread, work_topic::mailbox_catch_all}) {
        const auto found = std::find_if(findings.begin(), findings.end(),
                                        [&](const mailbox_finding& one) { return one.topic == topic; });
        const std::string item = item_of(topic, of.mailbox);
        if (found == findings.end())
            database_.run("DELETE FROM mailbox_warning WHERE item = ?", item);
        else
            database_.run(
                "INSERT INTO mailbox_warning (item, topic, domain, letter, since, count) VALUES (?, ?, ?, NULL, ?, ?)"
                " ON CONFLICT (item) DO UPDATE SET count = excluded.count",
                item, words_of(topic).word, of.domain, at, found->count);
    }
}

void watch_rows::add_mismatch(std::string_view mailbox, std::string_view domain, const letter_id& letter, instant at)
{
    constexpr work_topic topic = work_topic::binding_mismatch;
    database_.run(
        "INSERT INTO mailbox_warning (item, topic, domain, letter, since, count) VALUES (?, ?, ?, ?, ?, 1)"
        " ON CONFLICT (item) DO UPDATE SET count = count + 1, letter = excluded.letter",
        item_of(topic, mailbox), words_of(topic).word, domain, letter, at);
}

void watch_rows::forget_days_before(std::int64_t day)
{
    database_.run("DELETE FROM mailbox_day WHERE day < ?", day);
}

void count_mailbox(connection& database, const delivery_row& row, const std::optional<counted_delivery>& before)
{
    if (row.kind != delivery_kind::letter || row.role == recipient_role::patient || !before) return;
    if (is_read_state(row.state) && !is_read_state(before->state))
        database.run("UPDATE mailbox_seen SET is_read = 1 WHERE mailbox = ? AND is_read = 0", row.recipient_key);
    if (!row.accepted_at || !is_accepted(row.state) || is_accepted(before->state)) return;
    database.run(
        "INSERT INTO mailbox_seen (mailbox, domain, first, accepted, is_read, doctors) VALUES (?, ?, ?, 1, 0, 0)"
        " ON CONFLICT (mailbox) DO UPDATE SET accepted = accepted + 1",
        row.recipient_key, row.domain, *row.accepted_at);
    database.run(
        "INSERT INTO mailbox_day (mailbox, day, accepted) VALUES (?, ?, 1)"
        " ON CONFLICT (mailbox, day) DO UPDATE SET accepted = accepted + 1",
        row.recipient_key, watch_day(*row.accepted_at));
    if (row.role != recipient_role::treating_doctor) return;
    const int is_new = database.run(
        "INSERT OR IGNORE INTO mailbox_doctor (mailbox, doctor) SELECT ?, treating_rpps FROM letter"
        " WHERE id = ? AND treating_rpps <> ''",
        row.recipient_key, row.letter);
    if (is_new > 0) database.run("UPDATE mailbox_seen SET doctors = doctors + 1 WHERE mailbox = ?", row.recipient_key);
}

std::vector<work_evidence> find_warnings(connection& database, const work_place& after)
{
    std::vector<work_evidence> found;
    auto rows =
        database.query("SELECT item, topic, domain, letter, since, count FROM mailbox_warning");  // they are few
    while (rows.next()) {
        auto one = warning_line(rows);
        if (work_place{one.goals.last, one.item} > after) found.push_back(std::move(one));
    }
    return found;
}

std::optional<work_evidence> find_warning(connection& database, std::string_view item)
{
    auto row =
        database.query("SELECT item, topic, domain, letter, since, count FROM mailbox_warning WHERE item = ?", item);
    if (!row.next()) return std::nullopt;
    return warning_line(row);
}
}
