#include "relay/pipeline/attention.hpp"

#include <array>

namespace relay::pipeline {
namespace {
struct mark {
    attention what;
    instant from;  // inclusive
};

// In the order in which they begin. The hours of the evening are counted from the midnight that ends the day: no zone
// of ours changes its clock between 17:00 and 24:00.
std::array<std::optional<mark>, 4> marks_of(const stay_facts& stay, const attention_rules& rules)
{
    constexpr std::chrono::hours day{24};
    const instant midnight = stay.j0_deadline;
    std::array<std::optional<mark>, 4> marks;
    if (!stay.exclusion.empty() || stay.stop || stay.other_channel) return marks;
    if (!stay.has_letter && stay.discharge < midnight - (day - rules.discharged_before))
        marks[0] = mark{attention::no_letter_in_the_evening, midnight - (day - rules.evening)};
    marks[1] = mark{attention::j0_missed, midnight};
    const bool date_only = stay.quality == discharge_quality::date_only;
    if (!date_only) marks[2] = mark{attention::h36_passed, stay.discharge + rules.warning};
    // 48 h is met up to its last instant, or before midnight where only the day is known.
    marks[3] = mark{attention::h48_missed, stay.h48_deadline + std::chrono::milliseconds(date_only ? 0 : 1)};
    return marks;
}
}

std::string_view name(attention value) noexcept
{
    switch (value) {
        case attention::none: return "none";
        case attention::no_letter_in_the_evening: return "no_letter";
        case attention::j0_missed: return "j0_missed";
        case attention::h36_passed: return "h36_passed";
        case attention::h48_missed: return "h48_missed";
    }
    return "none";
}

attention attention_of(const stay_facts& stay, instant now, const attention_rules& rules)
{
    attention found = attention::none;
    for (const auto& one : marks_of(stay, rules))
        if (one && one->from <= now && one->what > found) found = one->what;
    return found;
}

std::optional<instant> next_attention(const stay_facts& stay, instant now, const attention_rules& rules)
{
    std::optional<instant> found;
    const attention standing = attention_of(stay, now, rules);
    for (const auto& one : marks_of(stay, rules))
        if (one && one->from > now && one->what > standing && (!found || one->from < *found)) found = one->from;
    return found;
}
}
