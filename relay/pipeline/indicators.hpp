// relay/pipeline/indicators.hpp: the figures of a period (domain.md §5), from assessed stays. Pure.
// A rate is never shown without its numerator, denominator, pending and excluded counts; denominator 0 has no rate.
#pragma once

#include <map>
#include <span>
#include <string>

#include "relay/pipeline/clock_rules.hpp"

namespace relay::pipeline {
struct assessed_stay {
    stay_assessment outcome;
    std::string exclusion;   // code, empty if none
    bool confirmed = false;  // the stop is confirmed by a DSN or an MDN
    bool has_letter = false;
};

struct rate {
    std::int64_t numerator = 0;
    std::int64_t denominator = 0;
    std::int64_t pending = 0;
    [[nodiscard]] std::optional<double> value() const noexcept
    {
        if (denominator == 0) return std::nullopt;
        return static_cast<double>(numerator) / static_cast<double>(denominator);
    }
};

// Nearest rank, at ceil(p * n); empty optional inside `value` means "not reached" (+infinity).
struct lag_figure {
    std::int64_t count = 0;
    std::optional<std::chrono::milliseconds> value;
};

struct period_figures {
    std::int64_t discharges = 0;
    std::map<std::string, std::int64_t> exclusions;  // by code
    std::int64_t eligible = 0;
    rate j0;
    rate h48;
    rate confirmed;  // stays whose stop is confirmed / stays with a stop
    rate no_letter;  // over E - P_48
    lag_figure lag_median;
    lag_figure lag_p95;
};

[[nodiscard]] period_figures figures(std::span<const assessed_stay> stays);
}
