// relay/pipeline/patient_keys.hpp: what one patient and one stay are recognised by in letters and movements without
// being kept: keyed HMACs of the INS, of the traits and of the numbers (design.md §3.4). Pure but for the vault's key;
// safe from any thread.
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

// `kind` "visit" (PV1-19) or "file" (PID-18), in the namespace of the establishment; empty without a number.
[[nodiscard]] std::string number_key(const ports::vault& vault, std::string_view kind, std::string_view establishment,
                                     const std::string& number);

// What a letter says of its stay, by its keys; the letter's id and the state of the match are left to the caller.
[[nodiscard]] letter_clues clues_of(const ports::vault& vault, std::string_view establishment, const stay_fact& fact,
                                    instant now);

// Two INS that differ are two people; where one has none the traits decide.
[[nodiscard]] bool same_person(const letter_clues& letter, const stay_row& stay) noexcept;
}
