#include "relay/store/notice_rows.hpp"

#include <map>

#include "relay/store/queue_rows.hpp"

namespace relay::store {
using namespace pipeline;
// Its servers take nothing: not what they say of one letter.
#define LIAISON_PEER_FAILED " AND why IN ('PEER_DOWN', 'TLS_REFUSED', 'REPLY_LOST')"

std::vector<told_alert> notice_rows::told_alerts(std::string_view whom)
{
    std::vector<told_alert> found;
    auto rows = database_.query("SELECT kind, subject, told_at FROM alert_told WHERE whom = ?", whom);
    while (rows.next())
        if (const auto kind = alert_kind_from(rows.text(0))) found.push_back({*kind, rows.text(1), rows.when(2)});
    return found;
}

std::vector<alert_condition> notice_rows::failing_domains(instant until)
{
    std::map<std::string, instant> since;
    for (const queue_lane& lane : find_lanes(database_)) {
        auto row = database_.query(
            "SELECT created_at FROM delivery INDEXED BY delivery_again WHERE domain = ?"
            " AND state IN ('deferred', 'uncertain')" LIAISON_PEER_FAILED " AND created_at <= ? LIMIT 1",
            lane.domain, until);
        if (row.next()) since.emplace(lane.domain, row.when(0));
    }
    // What is being tried again has not been taken yet, and stands in no lane meanwhile.
    auto trying = database_.query(
        "SELECT domain, min(created_at) FROM delivery INDEXED BY delivery_state WHERE state = 'sending'"
        " AND created_at <= ?" LIAISON_PEER_FAILED
        " AND domain NOT IN (SELECT domain FROM domain_hold) GROUP BY domain",
        until);
    while (trying.next()) since.emplace(trying.text(0), trying.when(1));
    std::vector<alert_condition> found;
    for (const auto& [domain, at] : since) found.push_back({alert_kind::peer, domain, 1, at});
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

std::optional<ports::alert_post> notice_rows::due_post(instant now)
{
    auto row = database_.query(
        "SELECT sequence, body, created_at, attempts, next_try FROM alert_post ORDER BY sequence LIMIT 1");
    if (!row.next() || row.when(4) > now) return std::nullopt;  // in their order: an end never before its beginning
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
        database_.run("INSERT OR REPLACE INTO alert_told (whom, kind, subject, told_at) VALUES (?, ?, ?, ?)", whom,
                      name(one.kind), one.subject, at);
    for (const told_alert& one : news.ended)
        database_.run("DELETE FROM alert_told WHERE whom = ? AND kind = ? AND subject = ?", whom, name(one.kind),
                      one.subject);
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
}
