// relay/pipeline/indicator_words.hpp: the rates of domain.md §5 in their order, with what each is called and what it
// counts, in French: the report of the command line and the pages show the same ones. Pure.
#pragma once

#include <span>

#include "relay/pipeline/indicators.hpp"

namespace relay::pipeline {
struct indicator {
    const char* key;      // in JSON
    const char* label;    // short
    const char* meaning;  // what is counted, of what
    rate period_figures::*figure;
};
[[nodiscard]] std::span<const indicator> all_indicators() noexcept;

// The three parts of the lag, and the whole.
struct lag_segment {
    const char* key;
    const char* label;
    const char* meaning;
    lag_summary period_figures::*figure;
};
[[nodiscard]] std::span<const lag_segment> all_lags() noexcept;
}
