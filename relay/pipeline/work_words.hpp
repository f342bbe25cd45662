// relay/pipeline/work_words.hpp: what a line of the worklist is called, who acts first and what he does, where no
// failure cause says it (causes.hpp has those); and the coded reasons people give. One table of each, no free text.
// Pure data, safe from any thread.
#pragma once

#include <span>
#include <string_view>

namespace relay::pipeline {
enum class work_topic {
    no_letter_in_the_evening,  // attention marks (domain.md §7), without a letter...
    j0_missed,
    h36_passed,
    h48_missed,
    j0_missed_on_the_way,  // ...and with one that is not accepted
    h36_passed_on_the_way,
    h48_missed_on_the_way,
    unmatched,          // the letter has left, its stay is not known
    patients_held,      // letters to patients' mailboxes: one line a service (domain.md §11)
    mailbox_volume,     // watch on misrouting: far more than its own history
    mailbox_unread,     // nothing it took was ever read
    mailbox_catch_all,  // letters for many different doctors
    binding_mismatch    // the letter and the directory disagree on whose mailbox it is
};

struct work_words {
    work_topic code;
    std::string_view word;         // in JSON, the store, metrics
    std::string_view first_actor;  // as in domain.md §8
    std::string_view label;        // for people, in French, as are the next two
    std::string_view actor_label;
    std::string_view action;
    std::string_view action_en;
};
[[nodiscard]] std::span<const work_words> all_work_words() noexcept;  // in the order of the enum
[[nodiscard]] const work_words& words_of(work_topic topic) noexcept;

// What a person may say, by code; `label` in French.
struct coded_reason {
    std::string_view code;
    std::string_view label;
};
[[nodiscard]] std::span<const coded_reason> done_reasons() noexcept;
[[nodiscard]] std::span<const coded_reason> exclusion_reasons() noexcept;
[[nodiscard]] std::span<const coded_reason> other_channels() noexcept;  // domain.md §4 "other_channel"
[[nodiscard]] bool is_known(std::span<const coded_reason> list, std::string_view code) noexcept;
}
