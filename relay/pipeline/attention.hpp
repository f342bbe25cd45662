// relay/pipeline/attention.hpp: when a stay asks for somebody's attention (domain.md §7 "Attention marks"). Pure: the
// marks of a stay depend on its facts and on the hour alone, so that they begin and end by themselves.
#pragma once

#include "relay/pipeline/stay_facts.hpp"

namespace relay::pipeline {
// The later ones are the graver.
enum class attention {
    none,
    no_letter_in_the_evening,  // 18:00 of the day, discharged before 17:00, no qualifying letter
    j0_missed,
    h36_passed,  // nothing accepted
    h48_missed,
};
[[nodiscard]] std::string_view name(attention value) noexcept;

struct attention_rules {
    std::chrono::hours discharged_before{17};  // of the local day
    std::chrono::hours evening{18};
    std::chrono::hours warning{36};  // after the discharge
};

// The gravest mark that stands. None for what is excluded, met, or told by another channel; a letter that is late and
// accepted asks for nothing more.
[[nodiscard]] attention attention_of(const stay_facts& stay, instant now, const attention_rules& rules = {});
// When the next mark begins; nullopt if none will.
[[nodiscard]] std::optional<instant> next_attention(const stay_facts& stay, instant now,
                                                    const attention_rules& rules = {});
}
