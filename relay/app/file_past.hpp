// relay/app/file_past.hpp: what this node's store says of a file that is only looked at: whether it came before, its
// document among the versions of its set, the stay it is about. The same rules as intake's, over a reader: nothing is
// written. Names no patient. Threads: as the store.
#pragma once

#include "relay/app/file_check.hpp"

namespace relay::app {
struct file_past {
    std::optional<pipeline::refusal> refused;  // by what came before
    mime::cda::document_history history = mime::cda::document_history::first_seen;
    std::vector<std::pair<std::string, std::string>> remarks;  // place, French text
    bool stay_known = false;
    pipeline::match_state matched = pipeline::match_state::open;  // how, of a letter's stay
};

// None without a store, or when it cannot be read.
[[nodiscard]] std::optional<file_past> past_of(const file_checker& with, const pipeline::submission& from,
                                               const pipeline::letter_plan& letter,
                                               const std::optional<mime::hl7::message_header>& header);
[[nodiscard]] std::optional<file_past> past_of(const file_checker& with, const pipeline::submission& from,
                                               const pipeline::movement_plan& movement,
                                               const std::optional<mime::hl7::message_header>& header);
}
