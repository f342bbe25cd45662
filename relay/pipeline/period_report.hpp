// relay/pipeline/period_report.hpp: the rows and totals of `liaison report` for the stays discharged in a period, by
// the rules of domain.md §3 and §5. Reads the store, writes nothing; the words for people are the caller's.
#pragma once

#include "relay/pipeline/indicators.hpp"
#include "relay/pipeline/period_records.hpp"
#include "relay/pipeline/ports/store.hpp"

namespace relay::pipeline {
struct letter_line {
    letter_row letter;
    delivery_row delivery;    // one line per delivery; a letter without any has one line with an empty delivery id
    bool qualifying = false;  // counts for J0 and 48 h (domain.md §2) when its delivery is the treating doctor's
    std::optional<std::chrono::milliseconds> lag;
    std::optional<bool> j0_met;  // none: not accepted, or not a qualifying delivery
    std::optional<bool> h48_met;
};

struct stay_line {
    stay_row stay;
    stay_facts facts;
    stay_standing standing;
    std::vector<letter_line> letters;
};

struct period_report {
    std::vector<stay_line> stays;           // by discharge instant; a cancelled admission without one by its own
    std::vector<letter_line> without_stay;  // received in the period, no discharge known
    period_figures totals;
};

// [from, to) of local discharge days, and of reception (in `where`) for letters without a known discharge. A list of
// every stay: for days or weeks; indicators.hpp alone for more.
struct day_range {
    std::chrono::sys_days from;
    std::chrono::sys_days to;
};
// When the figures of these days are final (domain.md §5): 48 h after the last discharge; provisional before.
[[nodiscard]] instant closing_of(const day_range& days, const mime::zone& where);
// "2026-11-20", also without its hyphens; nullopt if it is no day.
[[nodiscard]] std::optional<std::chrono::sys_days> read_day(std::string_view text);
[[nodiscard]] period_report build_report(ports::reader& store, const day_range& days, instant now,
                                         const mime::zone& where);

// The figures alone, in one pass over the facts.
[[nodiscard]] broken_down build_figures(ports::reader& store, const ports::facts_query& wanted, breakdown by,
                                        instant now);
// Days of which no stay is left, their traces expired: each section of their record, of all services.
void read_frozen(ports::reader& store, const ports::facts_query& wanted,
                 const std::function<void(std::int32_t day, const record_section&)>& each);
[[nodiscard]] ports::facts_query query_of(const day_range& days, std::string service = {});
}
