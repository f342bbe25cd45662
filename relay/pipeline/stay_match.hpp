// relay/pipeline/stay_match.hpp: which stay a letter is about (domain.md §6 C08): by its number (PV1-19, else PID-18,
// in the namespace of the establishment), else by the patient and the dates. Never a guess: one stay that fits, or
// none. Reads the store, writes nothing; inside a unit it sees what the unit wrote.
#pragma once

#include "relay/pipeline/ports/store.hpp"

namespace relay::pipeline {
inline constexpr std::string_view flag_matched_by_identity = "matched_by_identity";
inline constexpr std::string_view flag_matched_by_person = "matched_by_person";

struct stay_match {
    std::optional<stay_row> stay;  // with `open`: the stay that only letters of this number speak of, if any
    match_state state = match_state::open;
};

// A number that the ADT feed knows decides. Without one: the only stay of this patient whose time fits. Two numbers
// that differ are two stays, however alike the rest is: then a person decides.
[[nodiscard]] stay_match find_stay(ports::reader& store, const letter_clues& letter);

// What a person may choose from: stays of this patient, not cancelled, whose time fits. Computed when asked for.
[[nodiscard]] std::vector<stay_row> candidate_stays(ports::reader& store, const letter_clues& letter);

// Whether a change of this stay can change what the letter is bound to: they share a number, or the patient and the
// time while the letter is not bound by its number. Reads nothing.
[[nodiscard]] bool may_be_about(const letter_clues& letter, const stay_row& stay) noexcept;

// The letter's dates lie within the stay, or at most a day outside: wards write both by hand. A letter without dates
// stands for the moment it was written. A stay in progress has no end.
[[nodiscard]] bool time_fits(const letter_clues& letter, const stay_row& stay) noexcept;
}
