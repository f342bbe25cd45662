// relay/pipeline/clock_guard.hpp: whether the wall clock may be believed when something is to be destroyed at its term
// (domain.md §10 rule 7). A clock that is wrong by a month would destroy what is still needed: after a jump, or a start
// far from the last thing the ledger knows, nothing is destroyed for a day of running time, in which people see it. A
// long stop only delays. Pure: points in time are handed in; one thread.
#pragma once

#include <chrono>
#include <optional>

#include "relay/base/clock.hpp"

namespace relay::pipeline {
class clock_guard {
public:
    using steady_time = std::chrono::steady_clock::time_point;
    // `last_known`: of the newest event of the ledger; empty for a new store.
    [[nodiscard]] bool trusts(base::instant now, steady_time steady, std::optional<base::instant> last_known) noexcept;

private:
    struct pair {
        base::instant wall;
        steady_time steady;
    };
    std::optional<pair> seen_;  // at the last look
    steady_time not_before_{};
};
}
