// relay/pipeline/completeness.hpp: the outcomes of a letter's checks as the store keeps them, and their presence score
// (domain.md §6). The text holds check ids, states, levels and places of the document, never a value of the patient:
//   1 <satisfied>/<applicable>
//   C02 TAB missing TAB warn TAB effectiveTime
//   C07 TAB not_applicable
// One line per check, each gap as level and place. The French sentences are not kept. Limits: 8 gaps per check, places
// of 120 octets, 100 lines. Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/cda/checks.hpp"

namespace relay::pipeline {
// Our own count of what is present. It must not be called QLS, which people audit on samples of records.
struct presence_score {
    int satisfied = 0;  // 0 when the letter is not dated the discharge day (C02)
    int applicable = 0;
    friend bool operator==(const presence_score&, const presence_score&) = default;
};

struct completeness {
    presence_score score;
    std::vector<mime::cda::check_outcome> outcomes;  // their texts are empty
};

// satisfied / applicable among C03, C04, C06, C08–C14, C16; what is not assessable or not applicable is in neither.
[[nodiscard]] presence_score score_of(const std::vector<mime::cda::check_outcome>& outcomes);

[[nodiscard]] std::string completeness_text(const std::vector<mime::cda::check_outcome>& outcomes);

// nullopt for anything that completeness_text does not write, the empty text of older letters included.
[[nodiscard]] std::optional<completeness> read_completeness(std::string_view text);
}
