// relay/pipeline/period_records.hpp: the figures of closed days (domain.md §5): a day is closed when the 48 h of its
// last discharge are over; its counts are then recorded, by every breakdown, and again with a further revision whenever
// late evidence changes them; a discharge that comes late opens its day again until its own 48 h are over. Each
// recording is an event of the ledger with a digest of the counts. What is recorded is reckoned from the facts of the
// stays, inside the unit that records it. Blocking: worker threads only.
#pragma once

#include <concepts>
#include <functional>
#include <span>

#include "relay/pipeline/indicators.hpp"
#include "relay/pipeline/ports/store.hpp"

namespace relay::pipeline {
// Text of one day: "[total]" and "[<breakdown> <key>]", each followed by figures_builder::counts().
[[nodiscard]] std::string record_text(std::span<const stay_facts> stays, instant now);
struct record_section {
    std::string_view by, key;  // "total" has no key
    std::string_view counts;
};
[[nodiscard]] std::vector<record_section> read_record(std::string_view text);  // borrows; empty for another text
template <std::same_as<std::string> Text>
std::vector<record_section> read_record(Text&& text) = delete;  // would be gone before its sections
// What of the totals differs: "j0 41/50 -> 42/50, failed.CLOSED 1 -> 0"; empty: only how they are broken down.
[[nodiscard]] std::string record_changes(std::string_view before, std::string_view after);

// About the store as a whole: which day, which revision, and a digest of its counts.
[[nodiscard]] event event_of_record(event_kind kind, const ports::period_record& record, instant now);

// Records what closed and what changed since; in units of one day, while `going`. How many were written. Nothing while
// the facts are derived anew (facts_basis() is empty): half of them would be of other rules than the rest.
[[nodiscard]] result<std::size_t> record_periods(ports::store& store, const base::wall_clock& clock,
                                                 const std::function<bool()>& going);

// How final the figures of [from, to) are.
struct period_standing {
    bool closed = false;                        // every day with discharges is recorded
    int revision = 1;                           // one more for each change of a closed day
    instant at{};                               // of the newest recording
    std::vector<ports::period_record> changes;  // the revisions after the first
};
[[nodiscard]] period_standing standing_of_period(ports::reader& store, std::int32_t from, std::int32_t to);
}
