#include "relay/store/notice_rows.hpp"

namespace relay::store {
using namespace pipeline;
namespace {
// Its servers take nothing: not what they say of one letter. The statements and is_peer_failure() say the same.
#define LIAISON_PEER_FAILED " AND w.why IN ('PEER_DOWN', 'TLS_REFUSED', 'REPLY_LOST')"
// Something of the domain of peer_failing `p` waits because of that; what is being tried again keeps why it is. The
// states stand in the statements, and the indexes are named: only so does SQLite use the partial one.
#define LIAISON_WAITS_FOR_ITS_PEER                                                                 \
    "(EXISTS (SELECT 1 FROM delivery AS w INDEXED BY delivery_again WHERE w.domain = p.domain"     \
    " AND w.state IN ('deferred', 'uncertain')" LIAISON_PEER_FAILED                                \
    ") OR EXISTS (SELECT 1 FROM delivery AS w INDEXED BY delivery_state WHERE w.state = 'sending'" \
    " AND w.domain = p.domain" LIAISON_PEER_FAILED "))"

bool is_peer_failure(const event& entry)
{
    if (entry.kind == event_kind::reply_lost) return true;
    if (entry.kind != event_kind::deferred && entry.kind != event_kind::refused) return false;
    const cause why = entry.facts.why;
    return why == cause::peer_down || why == cause::tls_refused || why == cause::reply_lost;
}

// A server said something of this letter, whatever it was.
bool is_peer_answer(const event& entry)
{
    if (entry.kind == event_kind::accepted) return true;
    return (entry.kind == event_kind::deferred || entry.kind == event_kind::refused) && entry.facts.smtp_code != 0;
}
}

std::vector<told_alert> notice_rows::told_alerts(std::string_view whom)
{
    std::vector<told_alert> found;
    auto rows = database_.query("SELECT kind, subject, told_at, item, is_quiet FROM alert_told WHERE whom = ?", whom);
    while (rows.next())
        if (const auto kind = alert_kind_from(rows.text(0)))
            found.push_back({*kind, rows.text(1), rows.when(2), rows.text(3),
                             rows.integer(4) != 0 ? alert_voice::quiet : alert_voice::loud});
    return found;
}

std::vector<told_alert> notice_rows::told_to_anybody()
{
    std::vector<told_alert> found;
    auto rows =
        database_.query("SELECT kind, subject, min(told_at) FROM alert_told WHERE item = '' GROUP BY kind, subject");
    while (rows.next())
        if (const auto kind = alert_kind_from(rows.text(0))) found.push_back({*kind, rows.text(1), rows.when(2)});
    return found;
}

std::vector<std::string> notice_rows::disputed_items()
{
    std::vector<std::string> found;
    auto rows = database_.query(
        "SELECT d.id FROM delivery AS d INDEXED BY delivery_disputed JOIN work_row AS w ON w.item = d.id"
        " WHERE d.why = 'DISPUTED' ORDER BY d.id");
    while (rows.next()) found.push_back(rows.text(0));
    return found;
}

std::vector<alert_condition> notice_rows::failing_domains(instant until)
{
    std::vector<alert_condition> found;
    auto rows = database_.query(
        "SELECT p.domain, p.since FROM peer_failing AS p WHERE p.since <= ?"
        " AND p.domain NOT IN (SELECT domain FROM domain_hold) AND " LIAISON_WAITS_FOR_ITS_PEER " ORDER BY p.domain",
        until);
    while (rows.next()) found.push_back({alert_kind::peer, rows.text(0), 1, rows.when(1)});
    return found;
}

std::optional<instant> notice_rows::oldest_waiting()
{
    std::optional<instant> oldest;
    for (const auto state :
         {delivery_state::queued, delivery_state::deferred, delivery_state::sending, delivery_state::uncertain}) {
        auto row = database_.query("SELECT min(created_at) FROM delivery WHERE state = ?", name(state));
        if (!row.next() || row.null(0)) continue;
        if (!oldest || row.when(0) < *oldest) oldest = row.when(0);
    }
    return oldest;
}

std::optional<ports::alert_post> notice_rows::due_post(const pipeline::due_times& times)
{
    auto row = database_.query(
        "SELECT sequence, body, created_at, attempts, next_try FROM alert_post ORDER BY sequence LIMIT 1");
    if (!row.next() || !times.hold(row.when(4)))
        return std::nullopt;  // in their order: an end never before its beginning
    return ports::alert_post{row.integer(0), row.text(1), row.when(2), static_cast<int>(row.integer(3)), row.when(4)};
}

std::int64_t notice_rows::posts_waiting()
{
    return database_.single("SELECT count(*) FROM alert_post");
}

bool notice_rows::is_digest_sent(std::string_view group, std::string_view week)
{
    auto row = database_.query("SELECT 1 FROM digest_sent WHERE grp = ? AND week = ?", group, week);
    return row.next();
}

void notice_rows::save_told(std::string_view whom, const alert_news& news, instant at)
{
    for (const alert_condition& one : news.begun)
        database_.run(
            "INSERT OR REPLACE INTO alert_told (whom, kind, subject, item, told_at, is_quiet) VALUES (?, ?, ?, ?, ?, "
            "0)",
            whom, name(one.kind), one.subject, one.item, at);
    for (const told_alert& one : news.hushed)
        database_.run("UPDATE alert_told SET is_quiet = 1 WHERE whom = ? AND kind = ? AND subject = ? AND item = ?",
                      whom, name(one.kind), one.subject, one.item);
    for (const told_alert& one : news.ended)
        database_.run("DELETE FROM alert_told WHERE whom = ? AND kind = ? AND subject = ? AND item = ?", whom,
                      name(one.kind), one.subject, one.item);
}

void notice_rows::add_post(const ports::alert_post& post)
{
    database_.run("INSERT INTO alert_post (body, created_at, attempts, next_try) VALUES (?, ?, ?, ?)", post.body,
                  post.created_at, post.attempts, post.next_try);
}

void notice_rows::save_post(const ports::alert_post& post)
{
    database_.run("UPDATE alert_post SET attempts = ?, next_try = ? WHERE sequence = ?", post.attempts, post.next_try,
                  post.sequence);
}

void notice_rows::remove_post(std::int64_t sequence)
{
    database_.run("DELETE FROM alert_post WHERE sequence = ?", sequence);
}

void notice_rows::save_digest_sent(std::string_view group, std::string_view week, instant at)
{
    database_.run("INSERT OR IGNORE INTO digest_sent (grp, week, at) VALUES (?, ?, ?)", group, week, at);
}

void note_peer(connection& database, const event& entry)
{
    if (is_peer_failure(entry))
        // What failed before, and nothing waits for any more, says nothing of now.
        database.run(
            "INSERT INTO peer_failing AS p (domain, since) SELECT domain, ? FROM delivery WHERE id = ? AND domain <> ''"
            " ON CONFLICT (domain) DO UPDATE SET since = excluded.since WHERE NOT " LIAISON_WAITS_FOR_ITS_PEER,
            entry.at, entry.delivery);
    else if (is_peer_answer(entry))
        database.run("DELETE FROM peer_failing WHERE domain = (SELECT domain FROM delivery WHERE id = ?)",
                     entry.delivery);
}
}
