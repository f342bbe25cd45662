// relay/pipeline/causes.hpp: the one table of failure causes (domain.md §8, design.md §3.8): what each is called, what
// comes next, who acts first, what the hospital's software, a sender and people are told. The log, the store, reports,
// acknowledgements and the commands read it; what makes a cause of a reply or a failed attempt is in evidence.hpp.
// Pure data, safe from any thread.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "mime/report/fields.hpp"
#include "relay/pipeline/model.hpp"

namespace relay::pipeline {
enum class next_step {
    retry = 1,  // again by itself until it is given up (domain.md §4)
    fail,       // ended: the sender is told, people may repair it
    hold,       // before anything left: decided again by itself when the directory, a binding or a certificate changes
    tell        // a person, with the clock running; what can be tried again meanwhile is
};
[[nodiscard]] std::string_view name(next_step value) noexcept;

struct cause_facts {
    cause code;
    std::string_view word;         // in the log, the store, JSON; the words of domain.md §8
    next_step next;                // where no evidence says otherwise
    std::string_view first_actor;  // as in domain.md §8
    // SMTPERRORCODE of a ZAM^Z02 when no reply gave a better one (mssante.md §3.5); none: not about the way there.
    std::optional<int> reception_code;
    std::optional<int> reading_code;       // applicationErrorCondition of an MDN, told in ZAM^Z03 (§3.4)
    mime::report::enhanced_status status;  // RFC 3463, RFC 5248: of a failure report of ours without a better one
    // For people, in French: what it is called, who acts, what to do. The English action is for `--lang en`.
    std::string_view label;
    std::string_view actor_label;
    std::string_view action;
    std::string_view action_en;
};

// Every cause once, in the order of the enum; the first is `none`, with nothing to say or do.
[[nodiscard]] std::span<const cause_facts> all_causes() noexcept;
[[nodiscard]] const cause_facts& facts_of(cause value) noexcept;

// Of an MDN in error (mssante.md §3.4, §6.1): FILING_906 for a code that is in no table, or none at all.
[[nodiscard]] cause cause_of_filing(std::optional<int> error_code) noexcept;
}
