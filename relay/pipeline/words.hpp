// relay/pipeline/words.hpp: states, causes, durations and figures in the words of the person who reads them (French;
// `--lang en` gives the stored words), so that the command line and the pages say the same. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "relay/pipeline/clock_rules.hpp"
#include "relay/pipeline/model.hpp"

namespace relay::pipeline {
enum class language { french, english };

[[nodiscard]] std::string word(delivery_state value, language in);
[[nodiscard]] std::string word(stay_state value, language in);
[[nodiscard]] std::string word(cause value, language in);
// Of a cause: what a person does, and who; empty for none (pipeline/causes.hpp).
[[nodiscard]] std::string next_action(cause value, language in);
[[nodiscard]] std::string first_actor(cause value, language in);
[[nodiscard]] std::string word_of_load(std::string_view state, language in);         // of load_state
[[nodiscard]] std::string yes_no(std::optional<bool> value, language in);            // "–" when there is no answer
[[nodiscard]] std::string duration(std::optional<std::chrono::milliseconds> value);  // "2 h 05", "3 j 04 h"
}
