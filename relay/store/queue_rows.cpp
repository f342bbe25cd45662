#include "relay/store/queue_rows.hpp"

#include <algorithm>
#include <map>

#include "relay/store/rows.hpp"

namespace relay::store {
namespace {
using namespace pipeline;

// One seek per domain instead of a walk over all that waits. The states stand in the statements, and the indexes are
// named: only so does SQLite use the partial ones.
constexpr const char* queued_lanes =
    "WITH RECURSIVE lane (domain) AS ("
    " SELECT min(domain) FROM delivery INDEXED BY delivery_lane WHERE state = 'queued'"
    " UNION ALL SELECT (SELECT min(domain) FROM delivery INDEXED BY delivery_lane"
    " WHERE state = 'queued' AND domain > lane.domain) FROM lane WHERE lane.domain IS NOT NULL)"
    " SELECT domain, (SELECT min(deadline) FROM delivery INDEXED BY delivery_lane"
    " WHERE state = 'queued' AND domain = lane.domain) FROM lane"
    " WHERE domain IS NOT NULL AND domain NOT IN (SELECT domain FROM domain_hold)";
constexpr const char* waiting_lanes =
    "WITH RECURSIVE lane (domain) AS ("
    " SELECT min(domain) FROM delivery INDEXED BY delivery_again WHERE state IN ('deferred', 'uncertain')"
    " UNION ALL SELECT (SELECT min(domain) FROM delivery INDEXED BY delivery_again"
    " WHERE state IN ('deferred', 'uncertain') AND domain > lane.domain) FROM lane WHERE lane.domain IS NOT NULL)"
    " SELECT domain, (SELECT min(next_try) FROM delivery INDEXED BY delivery_again"
    " WHERE state IN ('deferred', 'uncertain') AND domain = lane.domain),"
    " (SELECT max(next_try) FROM delivery INDEXED BY delivery_again"
    " WHERE state IN ('deferred', 'uncertain') AND domain = lane.domain) FROM lane"
    " WHERE domain IS NOT NULL AND domain NOT IN (SELECT domain FROM domain_hold)";

// What has an earlier turn in the set and may still leave, or whose fate is open, keeps later ones back: versions and
// deletions arrive in order. One cannot wait for ever: a held or received delivery becomes undeliverable, superseded or
// cancelled (domain.md §4).
#define LIAISON_IN_TURN                                                                             \
    " AND NOT EXISTS (SELECT 1 FROM delivery AS e WHERE d.set_key <> '' AND e.set_key = d.set_key"  \
    " AND e.set_key <> '' AND e.recipient_key = d.recipient_key AND e.turn < d.turn AND e.state IN" \
    " ('received', 'held', 'queued', 'deferred', 'sending', 'uncertain'))"
constexpr const char* due_queued =
    "SELECT id, deadline, last_deadline FROM delivery AS d INDEXED BY delivery_lane"
    " WHERE d.state = 'queued' AND d.domain = ?" LIAISON_IN_TURN " ORDER BY d.deadline LIMIT ?";
constexpr const char* due_again =
    "SELECT id, deadline, last_deadline FROM delivery AS d INDEXED BY delivery_again"
    " WHERE d.state IN ('deferred', 'uncertain') AND d.domain = ? AND d.next_try <= ?" LIAISON_IN_TURN
    " ORDER BY d.next_try, d.deadline LIMIT ?";

constexpr const char* unwarned =
    "SELECT " LIAISON_DELIVERY_COLUMNS
    " FROM delivery INDEXED BY delivery_unwarned WHERE warned_at IS NULL"
    " AND state IN ('queued', 'deferred', 'uncertain') AND kind = ? AND created_at <= ? ORDER BY created_at LIMIT ?";
constexpr const char* mail_use =
    "SELECT 1 FROM delivery INDEXED BY delivery_shared_mail WHERE kind = 'mail' AND mail IS NOT NULL AND mail = ? "
    "LIMIT 1";

void read_due(cursor rows, instant now, std::vector<due_delivery>& into)
{
    while (rows.next()) into.push_back({rows.id<delivery_id>(0), next_deadline({rows.when(1), rows.when(2)}, now)});
}
}

std::vector<queue_lane> find_lanes(connection& database)
{
    std::map<std::string, queue_lane, std::less<>> lanes;
    for (cursor rows = database.query(queued_lanes); rows.next();) lanes[rows.text(0)].soonest = rows.maybe_when(1);
    for (cursor rows = database.query(waiting_lanes); rows.next();) {
        queue_lane& lane = lanes[rows.text(0)];
        lane.next_try = rows.maybe_when(1);
        lane.last_try = rows.maybe_when(2);
    }
    std::vector<queue_lane> found;
    for (auto& [domain, lane] : lanes) {
        lane.domain = domain;
        found.push_back(std::move(lane));
    }
    return found;
}

std::vector<due_delivery> find_due(connection& database, std::string_view domain, instant now, std::size_t limit)
{
    std::vector<due_delivery> found;
    read_due(database.query(due_queued, domain, limit_of(limit)), now, found);
    read_due(database.query(due_again, domain, now, limit_of(limit)), now, found);
    std::stable_sort(found.begin(), found.end(),
                     [](const due_delivery& a, const due_delivery& b) { return a.deadline < b.deadline; });
    if (found.size() > limit) found.resize(limit);
    return found;
}

std::vector<delivery_row> find_unwarned(connection& database, delivery_kind kind, instant until, std::size_t limit)
{
    std::vector<delivery_row> found;
    for (cursor rows = database.query(unwarned, name(kind), until, limit_of(limit)); rows.next();)
        found.push_back(read_delivery(rows));
    return found;
}

bool find_mail_use(connection& database, const blob_id& bytes)
{
    return database.query(mail_use, bytes).next();
}

std::vector<domain_hold> find_holds(connection& database)
{
    std::vector<domain_hold> found;
    for (cursor rows = database.query("SELECT domain, since, actor FROM domain_hold ORDER BY domain"); rows.next();)
        found.push_back({rows.text(0), rows.when(1), rows.text(2)});
    return found;
}

bool find_hold(connection& database, std::string_view domain)
{
    return database.query("SELECT 1 FROM domain_hold WHERE domain = ?", domain).next();
}

void insert_hold(connection& database, const domain_hold& row)
{
    database.run("INSERT INTO domain_hold (domain, since, actor) VALUES (?, ?, ?) ON CONFLICT (domain) DO NOTHING",
                 row.domain, row.since, row.actor);
}

bool delete_hold(connection& database, std::string_view domain)
{
    return database.run("DELETE FROM domain_hold WHERE domain = ?", domain) > 0;
}

std::size_t make_due(connection& database, std::string_view domain, instant now, instant beyond, std::size_t limit)
{
    return static_cast<std::size_t>(database.run(
        "UPDATE delivery SET next_try = ? WHERE rowid IN (SELECT rowid FROM delivery INDEXED BY delivery_again"
        " WHERE state IN ('deferred', 'uncertain') AND domain = ? AND next_try > ? LIMIT ?)",
        now, domain, beyond, limit_of(limit)));
}

std::size_t roll_deadlines(connection& database, std::string_view domain, instant now, std::size_t limit)
{
    return static_cast<std::size_t>(database.run(
        "UPDATE delivery SET deadline = CASE WHEN last_deadline > ? THEN last_deadline ELSE last_deadline + ? END"
        " WHERE rowid IN (SELECT rowid FROM delivery INDEXED BY delivery_lane WHERE state = 'queued' AND domain = ?"
        " AND deadline <= ? LIMIT ?)",
        now, std::int64_t{std::chrono::milliseconds(past_all_goals).count()}, domain, now, limit_of(limit)));
}

std::vector<const char*> queue_statements()
{
    return {queued_lanes, waiting_lanes, due_queued, due_again, unwarned, mail_use};
}
}
