// relay/pipeline/clock_rules.hpp: J0 and 48 h of one stay (domain.md §3 rules 3 to 10, §4 "Stay").
// Pure: instants, a zone and "now" in, an assessment out. Elapsed time is counted on UTC instants, never on a wall
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

// What the state of a stay hangs on, the stronger first (domain.md §4 "Stay").
struct stay_reached {
    bool excluded = false;
    bool has_letter = false;     // a qualifying letter was submitted
    bool other_channel = false;  // a person recorded one
    bool accepted = false;       // and not stale
    bool j0_met = false;
    bool h48_met = false;
    bool h48_pending = false;
};
[[nodiscard]] stay_state state_by(const stay_reached& what) noexcept;

struct stay_clock {
    instant discharge{};
    discharge_quality quality = discharge_quality::exact;  // date_only: `discharge` is the start of that local day
};

// What the deliveries of the qualifying letters to the treating doctor have reached.
struct stay_progress {
    bool has_letter = false;  // a qualifying letter was submitted
    bool excluded = false;
    bool closed_by_other_channel = false;
    std::vector<instant> accepted;  // acceptances that stand (not revoked), in any order
};

struct stay_assessment {
    stay_state state = stay_state::awaiting_letter;
    std::optional<instant> stop;                   // first acceptance that is not stale (rules 3 and 6)
    std::optional<std::chrono::milliseconds> lag;  // stop - discharge, never negative; none for date_only
    bool j0_met = false;
    bool h48_met = false;
    bool j0_pending = false;  // not met, and its deadline is still in the future
    bool h48_pending = false;
    bool date_only = false;  // the hour of the discharge is not known: outside the lag figures (rule 10)
    instant j0_deadline{};   // exclusive: start of the next local day
    instant h48_deadline{};  // inclusive; date_only: exclusive, start of date + 2
};

// What a delivery that waits has to be accepted by: J0, then 48 h, of the discharge; of the day it was received while
// no discharge is known. A letter from before its discharge has the discharge's goals.
[[nodiscard]] delivery_goals goals_of(const std::optional<stay_clock>& discharge, instant received,
                                      const mime::zone& where);

[[nodiscard]] stay_assessment assess(const stay_clock& clock, const stay_progress& progress, instant now,
                                     const mime::zone& where);
}
