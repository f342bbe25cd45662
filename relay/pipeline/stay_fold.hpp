// relay/pipeline/stay_fold.hpp: when a stay ended, derived from its events (domain.md §3 rules 1 and 2). Pure.
#pragma once

#include <span>

#include "relay/pipeline/model.hpp"

namespace relay::pipeline {
inline constexpr std::string_view flag_adt = "adt";                        // said by an ADT message
inline constexpr std::string_view flag_mt_assumed = "mt_assumed";          // rule 5: the only professional named
inline constexpr std::string_view flag_ambiguous_time = "ambiguous_time";  // read in a DST hour without offset

struct stay_view {
    std::optional<instant> discharge;  // none: not discharged, or the discharge was cancelled
    discharge_quality quality = discharge_quality::exact;
    std::string flags;
    std::string exclusion;  // code of domain.md §5, empty if none
};

// An A03 always wins over what a letter says; the last A03 wins over earlier ones; a cancelled discharge removes the
// start.
[[nodiscard]] stay_view fold_stay(std::span<const event> events);

[[nodiscard]] bool has_flag(std::string_view flags, std::string_view flag) noexcept;
void add_flag(std::string& flags, std::string_view flag);
void remove_flag(std::string& flags, std::string_view flag);
}
