// relay/pipeline/patient_keys.hpp: what one patient is recognised by in letters and movements without being kept: keyed
// HMACs of the INS and of the traits (design.md §3.4). Pure but for the vault's key; safe from any thread.
#pragma once

#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/ports/vault.hpp"

namespace relay::pipeline {
struct patient_keys {
    std::string identity;  // of the INS without its check digits; empty without an INS
    std::string traits;    // of birth name, first given name, birth date and sex; empty unless all are there
};

// Names are compared by their letters alone: case, accents, blanks, hyphens and apostrophes differ between systems.
[[nodiscard]] patient_keys keys_of(const ports::vault& vault, const identity_fact& who);

// Two INS that differ are two people; where one has none the traits decide.
[[nodiscard]] bool same_person(const letter_clues& letter, const stay_row& stay) noexcept;
}
