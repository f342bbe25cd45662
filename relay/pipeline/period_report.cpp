#include "relay/pipeline/period_report.hpp"

#include <algorithm>

#include "relay/pipeline/period_records.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
namespace {
std::vector<letter_line> lines_of(ports::reader& store, const letter_row& letter, bool qualifying)
{
    std::vector<letter_line> lines;
    for (delivery_row& delivery : store.deliveries_of_letter(letter.id)) {
        letter_line line{letter, std::move(delivery), qualifying, {}, {}, {}};
        lines.push_back(std::move(line));
    }
    if (lines.empty()) lines.push_back({letter, {}, qualifying, {}, {}, {}});
    return lines;
}

// What this one delivery would meet by itself: the stay's verdict is the best of its qualifying lines.
void judge_line(letter_line& line, const stay_facts& stay)
{
    const auto& at = line.delivery.accepted_at;
    if (!at || line.delivery.role != recipient_role::treating_doctor || !line.qualifying) return;
    if (!stay.stop || *at < *stay.stop) return;  // stale: what is not is the stop, or after it
    line.lag = lag_of(stay, *at);
    line.j0_met = *at < stay.j0_deadline;
    line.h48_met = *line.j0_met || is_within_48h(stay, stay.h48_deadline, *at);
}

stay_line read_stay(ports::reader& store, stay_facts facts, instant now)
{
    stay_line found;
    if (auto stay = store.stay(facts.stay)) found.stay = std::move(*stay);
    const std::vector<letter_row> letters = store.letters_of_stay(facts.stay);
    for (const letter_row& letter : letters)
        for (letter_line& line : lines_of(store, letter, is_qualifying(letter, letters))) {
            judge_line(line, facts);
            found.letters.push_back(std::move(line));
        }
    found.standing = standing_of(facts, now);
    found.facts = std::move(facts);
    return found;
}
}

instant closing_of(const day_range& days, const mime::zone& where)
{
    constexpr std::chrono::hours after{48};
    return mime::start_of_day(std::chrono::year_month_day(days.to), where) + after;
}

std::optional<std::chrono::sys_days> read_day(std::string_view text)
{
    std::string digits;
    for (const char c : text)
        if (c != '-') digits += c;
    const auto read = mime::read_timestamp(digits);
    if (!read || read->precision != mime::time_precision::day || digits.size() != 8) return std::nullopt;
    return std::chrono::sys_days(std::chrono::year(read->year) / std::chrono::month(read->month) /
                                 std::chrono::day(read->day));
}

ports::facts_query query_of(const day_range& days, std::string service)
{
    return {cohort_of(days.from), cohort_of(days.to), std::move(service)};
}

void read_frozen(ports::reader& store, const ports::facts_query& wanted,
                 const std::function<void(std::int32_t, const record_section&)>& each)
{
    for (const std::int32_t day : store.retention().frozen_days(wanted.from, wanted.to))
        if (const auto last = store.retention().last_record(day))
            for (const record_section& section : read_record(last->counts)) each(day, section);
}

broken_down build_figures(ports::reader& store, const ports::facts_query& wanted, breakdown by, instant now)
{
    breakdown_builder all(by, now);
    store.read_facts(wanted, [&](const stay_facts& stay) { all.add(stay); });
    const bool of_service = !wanted.service.empty();
    read_frozen(store, wanted, [&](std::int32_t day, const record_section& section) {
        const bool of_it = section.by == name(breakdown::service) && section.key == wanted.service;
        if (of_service ? of_it : section.by == "total") all.add_total(day, section.counts);
        // What a service was broken down by besides is not kept.
        if (!of_service && section.by == name(by)) all.add_row(std::string(section.key), section.counts);
    });
    return all.result();
}

period_report build_report(ports::reader& store, const day_range& days, instant now, const mime::zone& where)
{
    period_report all;
    figures_builder totals;
    std::vector<stay_facts> facts;
    store.read_facts(query_of(days), [&](const stay_facts& stay) { facts.push_back(stay); });
    std::stable_sort(facts.begin(), facts.end(),
                     [](const stay_facts& a, const stay_facts& b) { return a.discharge < b.discharge; });
    for (stay_facts& stay : facts) {
        totals.add(stay, now);
        all.stays.push_back(read_stay(store, std::move(stay), now));
    }
    read_frozen(store, query_of(days), [&](std::int32_t, const record_section& section) {
        if (section.by == "total") totals.add_counts(section.counts);
    });
    const instant from = mime::start_of_day(std::chrono::year_month_day(days.from), where);
    const instant to = mime::start_of_day(std::chrono::year_month_day(days.to), where);
    for (const letter_row& letter : store.letters_received(from, to)) {
        const auto stay = letter.stay.empty() ? std::nullopt : store.stay(letter.stay);
        if (stay && (stay->discharge || stay->exclusion == exclusion_cancelled)) continue;
        for (letter_line& line : lines_of(store, letter, false)) all.without_stay.push_back(std::move(line));
    }
    all.totals = totals.figures();
    return all;
}
}
