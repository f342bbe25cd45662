// relay/pipeline/stay_keeper.hpp: keeps stays inside a store unit: movements of the ADT feed become events and a
// projection, letters are bound to their stay and bound again when the feed knows more. What a letter says of a
// discharge is evidence of the stay it is bound to, under the letter's id, and is taken back when the letter moves.
// Lives no longer than `with`, `site` and the unit it is used in.
#pragma once

#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/services.hpp"
#include "relay/pipeline/stay_match.hpp"

namespace relay::pipeline {
// A letter that is about to be saved, and the stay it is bound to: without id if it names none and none was found.
struct bound_letter {
    stay_row stay;
    letter_clues clues;
};

class stay_keeper {
public:
    stay_keeper(const services& with, const site_options& site, instant now) : with_(with), site_(site), now_(now) {}

    // The stay that the movement is about; an empty id for one without effect.
    [[nodiscard]] stay_id take_movement(ports::transaction& tx, const movement_plan& plan) const;

    // Finds the stay of a new letter, or makes one if the letter has a number: it awaits the feed. Saves the stay; the
    // caller saves the letter, then its clues.
    [[nodiscard]] bound_letter bind_new(ports::transaction& tx, const letter_id& letter, const stay_fact& fact) const;

    // A person's decision, which the feed does not undo.
    enum class binding { done, no_letter, no_stay, already };
    [[nodiscard]] binding bind_by_hand(ports::transaction& tx, const letter_id& letter, const stay_id& stay,
                                       const std::string& actor) const;

    // The letter was handed to the patient of this visit (PV1-19), by what the ward says. Once told, it stays.
    enum class hand_over { done, no_stay, already };
    [[nodiscard]] hand_over take_hand_over(ports::transaction& tx, const std::string& visit_number, instant at,
                                           const std::string& actor) const;

private:
    [[nodiscard]] std::string key(std::string_view kind, const std::string& number) const;
    // `known`: what stay_by_key() gives for these keys.
    [[nodiscard]] stay_row known_or_made(std::optional<stay_row> known, const std::string& visit_key,
                                         const std::string& file_key) const;
    [[nodiscard]] bound_letter settle(ports::transaction& tx, letter_clues clues) const;
    [[nodiscard]] event movement_event(const movement_plan& plan) const;
    // Every letter that may be about the stay as it is `now`, or may have been as it was `before`, is matched again;
    // the others are not touched: a patient may have hundreds of stays.
    void match_again(ports::transaction& tx, const stay_row& before, const stay_row& now) const;
    void rebind(ports::transaction& tx, letter_row letter, bound_letter to, const std::string& actor) const;
    void add_word(ports::transaction& tx, stay_row& stay, const letter_clues& clues, event_kind kind) const;

    const services& with_;
    const site_options& site_;
    instant now_;
};
}
