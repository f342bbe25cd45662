#include "relay/pipeline/period_records.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"

namespace relay::pipeline {
namespace {
constexpr std::string_view first_line = "liaison-period-1\n";
constexpr std::size_t at_once = 100;  // days looked up

std::vector<stay_facts> facts_of_day(ports::reader& store, std::int32_t day)
{
    std::vector<stay_facts> all;
    store.read_facts({day, day + 1, {}}, [&](const stay_facts& one) { all.push_back(one); });
    return all;
}

bool is_closed(std::span<const stay_facts> stays, instant now)
{
    return std::all_of(stays.begin(), stays.end(), [now](const stay_facts& one) { return one.h48_deadline <= now; });
}

using word_lines = std::map<std::string, std::string, std::less<>>;

word_lines lines_of(std::string_view counts)
{
    word_lines all;
    while (!counts.empty()) {
        const std::string_view line = counts.substr(0, counts.find('\n'));
        counts.remove_prefix(std::min(counts.size(), line.size() + 1));
        const auto blank = line.find(' ');
        if (blank != std::string_view::npos) all.emplace(line.substr(0, blank), line.substr(blank + 1));
    }
    return all;
}

// "41 50 0" as people read a rate; lags are only said to differ.
std::string shown(std::string_view word, const word_lines& from)
{
    const auto found = from.find(word);
    if (found == from.end()) return "0";
    const std::string& numbers = found->second;
    const auto first = numbers.find(' ');
    if (first == std::string::npos) return numbers;
    return numbers.substr(0, first) + "/" + numbers.substr(first + 1, numbers.find(' ', first + 1) - first - 1);
}

bool is_lag(std::string_view word)
{
    return word == "lag" || word == "writing" || word == "submission" || word == "relay";
}

std::string_view total_of(std::string_view text)
{
    for (const record_section& one : read_record(text))
        if (one.by == "total") return one.counts;
    return {};
}

// nullopt: what is recorded of the day is what its stays give.
std::optional<ports::period_record> next_record(ports::reader& store, std::int32_t day,
                                                std::span<const stay_facts> stays, instant now)
{
    const auto last = store.retention().last_record(day);
    if (!last && stays.empty()) return std::nullopt;
    ports::period_record made;
    made.day = day;
    made.at = now;
    made.counts = record_text(stays, now);
    if (last) {
        if (last->counts == made.counts) return std::nullopt;
        made.revision = last->revision + 1;
        made.changes = record_changes(last->counts, made.counts);
    }
    return made;
}

bool record_day(ports::transaction& tx, std::int32_t day, instant now)
{
    if (tx.facts_basis().empty()) return false;
    ports::retention_writer& kept = tx.retention_changes();
    const auto stays = facts_of_day(tx, day);
    // A recorded day that a later discharge opened again stays marked as changed until it is closed.
    if (!is_closed(stays, now)) return false;
    const auto made = next_record(tx, day, stays, now);
    kept.day_is_recorded(day);
    if (!made) return false;
    kept.add_record(*made);
    tx.append(event_of_record(event_kind::period_recorded, *made, now));
    return true;
}
}

event event_of_record(event_kind kind, const ports::period_record& record, instant now)
{
    event told;
    told.at = now;
    told.kind = kind;
    told.facts.flags = "day=" + key_of_day(record.day, breakdown::day) + " revision=" + std::to_string(record.revision);
    told.facts.evidence = mime::hex(mime::sha256(record.counts));
    return told;
}

std::string record_text(std::span<const stay_facts> stays, instant now)
{
    figures_builder total;
    std::map<std::pair<std::string_view, std::string>, figures_builder> parts;
    for (const stay_facts& stay : stays) {
        total.add(stay, now);
        for (const breakdown by : recorded_breakdowns) parts[{name(by), key_of(stay, by)}].add(stay, now);
    }
    std::string text = std::string(first_line) + "[total]\n" + total.counts();
    for (const auto& [part, builder] : parts)
        text += "[" + std::string(part.first) + " " + part.second + "]\n" + builder.counts();
    return text;
}

std::vector<record_section> read_record(std::string_view text)
{
    std::vector<record_section> all;
    if (!text.starts_with(first_line)) return all;
    text.remove_prefix(first_line.size());
    while (text.starts_with('[')) {
        const auto end = text.find("]\n");
        if (end == std::string_view::npos) return all;
        std::string_view head = text.substr(1, end - 1);
        text.remove_prefix(end + 2);
        const auto next = text.starts_with('[') ? 0 : text.find("\n[");
        const std::string_view counts =
            next == std::string_view::npos ? text : text.substr(0, next == 0 ? 0 : next + 1);
        text.remove_prefix(counts.size());
        const std::string_view by = head.substr(0, head.find(' '));
        head.remove_prefix(std::min(head.size(), by.size() + 1));
        all.push_back({by, head, counts});
    }
    return all;
}

std::string record_changes(std::string_view before, std::string_view after)
{
    const word_lines old = lines_of(total_of(before)), now = lines_of(total_of(after));
    std::string text;
    const auto tell = [&](const std::string& word) {
        const auto a = old.find(word), b = now.find(word);
        if (a != old.end() && b != now.end() && a->second == b->second) return;
        if (!text.empty()) text += ", ";
        text += word;
        if (!is_lag(word)) text += " " + shown(word, old) + " -> " + shown(word, now);
    };
    for (const auto& [word, numbers] : old) tell(word);
    for (const auto& [word, numbers] : now)
        if (!old.contains(word)) tell(word);
    return text;
}

result<std::size_t> record_periods(ports::store& store, const base::wall_clock& clock,
                                   const std::function<bool()>& going)
{
    const instant now = clock.now();
    std::size_t count = 0;
    const auto record = [&](std::int32_t day) -> result<void> {
        bool made = false;
        const auto written = store.write([&](ports::transaction& tx) { made = record_day(tx, day, now); });
        if (!written.has_value()) return written.error();
        if (made) {
            ++count;
            obs::info(obs::event::period_recorded, "day={}", key_of_day(day, breakdown::day));
        }
        return {};
    };
    std::vector<std::int32_t> days;
    bool is_renewing = false;
    if (auto read = store.read([&](ports::reader& r) {
            is_renewing = r.facts_basis().empty();
            days = r.retention().changed_days(at_once);
        });
        !read.has_value())
        return read.error();
    if (is_renewing) return count;
    for (const std::int32_t day : days) {
        if (!going()) return count;
        if (auto done = record(day); !done.has_value()) return done.error();
    }
    // Days that have closed since: of those without a record the oldest first; an open one keeps none back.
    for (std::int32_t from = std::numeric_limits<std::int32_t>::min(); going();) {
        std::optional<std::int32_t> day;
        bool closed = false;  // asked beside the writer: days that are open are looked at again and again
        if (auto read = store.read([&](ports::reader& r) {
                day = r.retention().next_unrecorded(from);
                closed = day && is_closed(facts_of_day(r, *day), now);
            });
            !read.has_value())
            return read.error();
        if (!day) return count;
        from = *day + 1;
        if (!closed) continue;
        if (auto done = record(*day); !done.has_value()) return done.error();
    }
    return count;
}

period_standing standing_of_period(ports::reader& store, std::int32_t from, std::int32_t to)
{
    period_standing found;
    const auto unrecorded = store.retention().next_unrecorded(from);
    found.closed = !unrecorded || *unrecorded >= to;
    for (ports::period_record& one : store.retention().records(from, to)) {
        found.at = std::max(found.at, one.at);
        if (one.revision == 1) continue;
        ++found.revision;
        one.counts.clear();
        found.changes.push_back(std::move(one));
    }
    return found;
}
}
