#include "relay/store/work_rows.hpp"

#include <algorithm>

#include "relay/pipeline/delivery_fold.hpp"
#include "relay/store/fact_rows.hpp"
#include "relay/store/rows.hpp"

namespace relay::store {
using namespace pipeline;
namespace {
// Of stay_fact_open: only so does SQLite see that it serves. 64: told by another channel (fact_rows.cpp).
#define LIAISON_OPEN_STAY "f.stop IS NULL AND f.exclusion = '' AND (f.flags & 64) = 0"
// A newer version to the same mailbox, or to the treating doctor wherever he is, took its place. False of no delivery.
#define LIAISON_NOT_REPLACED                                                                       \
    " AND NOT EXISTS (SELECT 1 FROM delivery AS n WHERE n.set_key = d.set_key AND n.set_key <> ''" \
    " AND n.turn > d.turn AND (n.recipient_key = d.recipient_key"                                  \
    " OR (n.role = 'treating_doctor' AND d.role = 'treating_doctor')))"
// A stay whose letter to the treating doctor has a line of its own has none.
#define LIAISON_NOT_TOLD_BY_ITS_LETTER                                                                       \
    " AND NOT EXISTS (SELECT 1 FROM work_row AS w JOIN delivery AS d ON d.id = w.item WHERE w.stay = f.stay" \
    " AND d.role = 'treating_doctor'" LIAISON_NOT_REPLACED ")"
#define LIAISON_WORK_COLUMNS                                                                                    \
    "w.item, w.kind, w.service, w.letter, w.stay, w.first_deadline, w.last_deadline, w.since, d.state, d.why, " \
    "d.domain"
#define LIAISON_WORK_TABLES " FROM work_row AS w LEFT JOIN delivery AS d ON d.id = w.item"

// J0 ends at least so long before the 48 h do: a day of 25 hours, discharged as it began.
constexpr std::chrono::hours least_between_goals{23};
// As kept: what has one goal only has it in last_deadline, so that a row with J0 to come lies that far before its end.
instant kept_first(instant first, instant last)
{
    return first > last - least_between_goals ? instant() : first;
}
constexpr std::size_t most_before_j0 = 20'000;  // discharges of a day in one service, many times over
constexpr std::string_view patients_prefix = "patients:";

work_evidence stay_line(const cursor& row)
{
    work_evidence made;
    made.facts = read_facts(row);
    made.kind = work_kind::stay;
    made.stay = made.facts->stay;
    made.item = made.stay.text();
    made.service = made.facts->service;
    made.since = made.facts->discharge;
    made.goals = {made.facts->j0_deadline, made.facts->h48_deadline};
    return made;
}

work_evidence letter_line(const cursor& row)
{
    work_evidence made;
    made.item = row.text(0);
    made.kind = row.text(1) == "letter" ? work_kind::letter : work_kind::delivery;
    made.service = row.text(2);
    made.letter = row.id<letter_id>(3);
    made.stay = row.id<stay_id>(4);
    made.goals = {row.when(5), row.when(6)};
    made.since = row.when(7);
    if (row.null(8)) return made;
    made.state = word<delivery_state>(row, 8);
    made.why = word<cause>(row, 9);
    made.domain = row.text(10);
    return made;
}

work_evidence patients_line(const cursor& row)
{
    work_evidence made;
    made.kind = work_kind::patients;
    made.service = row.text(0);
    made.item = std::string(patients_prefix) + made.service;
    made.goals = {row.when(1), row.when(1)};
    made.since = row.when(2);
    made.count = row.integer(3);
    return made;
}

std::optional<work_evidence> patients_of(connection& database, std::string_view service)
{
    auto row = database.query(
        "SELECT service, last_deadline, since,"
        " (SELECT count(*) FROM work_row WHERE service = ? AND kind = 'patient')"
        " FROM work_row WHERE service = ? AND kind = 'patient' ORDER BY last_deadline LIMIT 1",
        service, service);
    if (!row.next()) return std::nullopt;
    return patients_line(row);
}

template <class Line>
void take(cursor rows, Line line, std::vector<work_evidence>& into)
{
    while (rows.next()) into.push_back(line(rows));
}

std::string_view word_of(work_said::word last)
{
    return last == work_said::word::snoozed ? "snoozed" : last == work_said::word::done ? "done" : "none";
}

work_said read_said(const cursor& row)
{
    work_said said;
    said.item = row.text(0);
    said.assigned_to = row.text(1);
    for (const auto last : {work_said::word::snoozed, work_said::word::done})
        if (row.text(2) == word_of(last)) said.last = last;
    said.until = row.maybe_when(3);
    said.reason = row.text(4);
    said.about = row.text(5);
    said.actor = row.text(6);
    said.at = row.when(7);
    return said;
}

std::string next_service(connection& database, const char* sql, std::string_view after, bool& found)
{
    auto row = database.query(sql, after);
    found = row.next() && !row.null(0);
    return found ? row.text(0) : std::string();
}

void add_services(connection& database, const char* sql, std::vector<std::string>& into)
{
    for (bool found = true; found;) {
        const std::string next = next_service(database, sql, into.empty() ? std::string_view() : into.back(), found);
        if (found) into.push_back(next);
    }
}
}

std::vector<std::string> work_rows::services_with_work()
{
    std::vector<std::string> stays, letters, patients;
    std::vector<std::string> all{""};  // what belongs to none; the walks begin behind it
    add_services(database_,
                 "SELECT min(f.service) FROM stay_fact AS f INDEXED BY stay_fact_open WHERE " LIAISON_OPEN_STAY
                 " AND f.service > ?",
                 stays);
    add_services(database_,
                 "SELECT min(service) FROM work_row INDEXED BY work_row_order WHERE kind <> 'patient' AND service > ?",
                 letters);
    add_services(database_,
                 "SELECT min(service) FROM work_row INDEXED BY work_row_patient WHERE kind = 'patient' AND service > ?",
                 patients);
    for (const auto* some : {&stays, &letters, &patients}) all.insert(all.end(), some->begin(), some->end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

std::vector<work_evidence> work_rows::work_before_j0(std::string_view service, instant now)
{
    std::vector<work_evidence> found;
    const instant from = now + least_between_goals;
    take(database_.query("SELECT " LIAISON_FACTS_COLUMNS " FROM stay_fact AS f INDEXED BY stay_fact_open"
                         " WHERE " LIAISON_OPEN_STAY " AND f.service = ? AND f.h48_deadline >= ?"
                         " AND f.j0_deadline > ?" LIAISON_NOT_TOLD_BY_ITS_LETTER " ORDER BY f.h48_deadline LIMIT ?",
                         service, from, now, limit_of(most_before_j0)),
         stay_line, found);
    take(database_.query("SELECT " LIAISON_WORK_COLUMNS LIAISON_WORK_TABLES
                         " WHERE w.kind <> 'patient' AND w.service = ? AND w.last_deadline >= ?"
                         " AND w.first_deadline > ?" LIAISON_NOT_REPLACED " ORDER BY w.last_deadline LIMIT ?",
                         service, from, now, limit_of(most_before_j0)),
         letter_line, found);
    for (work_evidence& one : found) add_words_and_facts(one);
    return found;
}

std::vector<work_evidence> work_rows::work_after_j0(std::string_view service, instant now, const work_place& after,
                                                    std::size_t limit)
{
    std::vector<work_evidence> found;
    take(database_.query("SELECT " LIAISON_FACTS_COLUMNS " FROM stay_fact AS f INDEXED BY stay_fact_open"
                         " WHERE " LIAISON_OPEN_STAY " AND f.service = ? AND (f.h48_deadline, f.stay) > (?, ?) AND "
                         "f.j0_deadline <= ?" LIAISON_NOT_TOLD_BY_ITS_LETTER " ORDER BY f.h48_deadline, f.stay LIMIT ?",
                         service, after.deadline, after.item, now, limit_of(limit)),
         stay_line, found);
    take(database_.query("SELECT " LIAISON_WORK_COLUMNS LIAISON_WORK_TABLES
                         " WHERE w.kind <> 'patient' AND w.service = ? AND (w.last_deadline, w.item) > (?, ?)"
                         " AND w.first_deadline <= ?" LIAISON_NOT_REPLACED " ORDER BY w.last_deadline, w.item LIMIT ?",
                         service, after.deadline, after.item, now, limit_of(limit)),
         letter_line, found);
    if (auto patients = patients_of(database_, service))
        if (work_place{patients->goals.last, patients->item} > after) found.push_back(std::move(*patients));
    if (service.empty())
        for (work_evidence& warning : find_warnings(database_, after)) found.push_back(std::move(warning));
    std::sort(found.begin(), found.end(), [](const work_evidence& a, const work_evidence& b) {
        return work_place{a.goals.last, a.item} < work_place{b.goals.last, b.item};
    });
    if (found.size() > limit) found.resize(limit);
    for (work_evidence& one : found) add_words_and_facts(one);
    return found;
}

std::optional<work_evidence> work_rows::find_work(std::string_view item)
{
    std::vector<work_evidence> found;
    if (item.starts_with(patients_prefix)) {
        if (auto one = patients_of(database_, item.substr(patients_prefix.size()))) found.push_back(std::move(*one));
    } else {
        take(database_.query("SELECT " LIAISON_FACTS_COLUMNS " FROM stay_fact WHERE stay = ?", item), stay_line, found);
        take(database_.query("SELECT " LIAISON_WORK_COLUMNS LIAISON_WORK_TABLES
                             " WHERE w.kind <> 'patient' AND w.item = ?" LIAISON_NOT_REPLACED,
                             item),
             letter_line, found);
    }
    if (auto warning = find_warning(database_, item)) found.push_back(std::move(*warning));
    if (found.empty()) return std::nullopt;
    add_words_and_facts(found.front());
    return std::move(found.front());
}

void work_rows::add_words_and_facts(work_evidence& to)
{
    if (to.kind == work_kind::delivery && !to.stay.empty()) {
        auto row = database_.query("SELECT " LIAISON_FACTS_COLUMNS " FROM stay_fact WHERE stay = ?", to.stay);
        if (row.next()) to.facts = read_facts(row);
    }
    auto row = database_.query(
        "SELECT item, assigned_to, last, until, reason, about, actor, at FROM work_said WHERE item = ?", to.item);
    if (row.next()) to.said = read_said(row);
}

void work_rows::add_to_log(const work_said& said, event_kind act)
{
    database_.run(
        "INSERT INTO work_log (at, actor, item, act, assigned_to, until, reason, about) VALUES (?, ?, ?, ?, ?, ?, ?, "
        "?)",
        said.at, said.actor, said.item, name(act), said.assigned_to, said.until, said.reason, said.about);
}

void work_rows::save_said(const work_said& said)
{
    database_.run(
        "INSERT OR REPLACE INTO work_said (item, assigned_to, last, until, reason, about, actor, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        said.item, said.assigned_to, word_of(said.last), said.until, said.reason, said.about, said.actor, said.at);
}

void keep_work(connection& database, const delivery_row& row, const std::optional<counted_delivery>& before)
{
    if (row.kind != delivery_kind::letter) return;
    if (asks_for_a_person(row)) {
        database.run(
            "INSERT OR REPLACE INTO work_row SELECT ?, CASE ? WHEN 'patient' THEN 'patient' ELSE 'delivery' END,"
            " service, id, stay, ?, ?, ? FROM letter WHERE id = ?",
            row.id, name(row.role), kept_first(row.deadline, row.last_deadline), row.last_deadline, row.created_at,
            row.letter);
        return;
    }
    using enum delivery_state;
    const bool may_have_asked = before && (before->state == held || before->state == failed ||
                                           before->state == undeliverable || is_accepted(before->state));
    // What was said of it was about that: should it ask again, for the same cause even, it is something new.
    if (may_have_asked && database.run("DELETE FROM work_row WHERE item = ?", row.id) > 0)
        database.run("UPDATE work_said SET last = 'none', until = NULL, reason = '', about = '' WHERE item = ?",
                     row.id);
}

void keep_work(connection& database, const letter_clues& clues)
{
    if (clues.state != match_state::open) {
        database.run("DELETE FROM work_row WHERE item = ?", clues.letter);
        return;
    }
    constexpr std::chrono::hours goal{48};
    const instant last = clues.ends.value_or(clues.written) + goal;
    database.run(
        "INSERT OR REPLACE INTO work_row SELECT id, 'letter', service, id, stay, ?, ?, ?"
        " FROM letter WHERE id = ?",
        instant(), last, clues.written, clues.letter);
}

void move_work(connection& database, const letter_row& letter)
{
    database.run("UPDATE work_row SET service = ?, stay = ? WHERE letter = ? AND (service <> ? OR stay IS NOT ?)",
                 letter.service, letter.stay, letter.id, letter.service, letter.stay);
}
}
