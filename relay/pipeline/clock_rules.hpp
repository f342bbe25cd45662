// relay/pipeline/clock_rules.hpp: J0 and 48 h of one stay (domain.md §3 rules 3 to 10, §4 "Stay").
// Pure: instants and a zone in, a verdict out. Elapsed time is counted on UTC instants, never on a wall
// clock.
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "mime/text/zone.hpp"
#include "relay/pipeline/model.hpp"

namespace relay::pipeline {
enum class stay_state { awaiting_letter, in_progress, met_j0, met_48h, late, overdue, closed_other_channel, excluded };
[[nodiscard]] std::string_view name(stay_state value) noexcept;

struct stay_clock {
    instant discharge{};
    discharge_quality quality = discharge_quality::exact;  // date_only: `discharge` is the start of that local day
    friend bool operator==(const stay_clock&, const stay_clock&) = default;
};

// What does not hang on the hour at which one looks.
struct stay_verdict {
    std::optional<instant> stop;  // first acceptance that is not stale (rules 3 and 6)
    bool j0_met = false;
    bool h48_met = false;
    instant j0_deadline{};   // exclusive: start of the next local day
    instant h48_deadline{};  // inclusive; date_only: exclusive, start of date + 2
    friend bool operator==(const stay_verdict&, const stay_verdict&) = default;
};

// `accepted`: acceptances that stand (not revoked) of the qualifying letters by the treating doctor, in any order.
[[nodiscard]] stay_verdict assess(const stay_clock& clock, std::span<const instant> accepted, const mime::zone& where);

// Rules 8 and 10: up to the deadline, or before it where only the day is known.
[[nodiscard]] bool is_within_48h(const stay_clock& clock, instant deadline, instant at) noexcept;

// Never negative; none where only the day is known (rule 10).
[[nodiscard]] std::optional<std::chrono::milliseconds> lag_of(const stay_clock& clock, instant stop) noexcept;

// What a delivery that waits has to be accepted by: J0, then 48 h, of the discharge; of the day it was received while
// no discharge is known. A letter from before its discharge has the discharge's goals.
[[nodiscard]] delivery_goals goals_of(const std::optional<stay_clock>& discharge, instant received,
                                      const mime::zone& where);
}
