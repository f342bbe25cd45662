// tests/bench/sent_letters.hpp: copies of a letter that was sent, each of a patient and a stay of its own, with the
// rows and events that an intake and its attempts leave; and mails that report on them. For measuring a store or the
// returns with many letters without waiting for their intake. Errors: std::runtime_error.
#pragma once

#include <string>

#include "relay/pipeline/ports/store.hpp"

namespace bench {
struct original {
    relay::pipeline::stay_row stay;
    relay::pipeline::letter_row letter;
    relay::pipeline::delivery_row delivery;
};
// The oldest accepted letter with a stay.
[[nodiscard]] original find_original(relay::pipeline::ports::store& store);

enum class copy_state { queued, accepted };
relay::pipeline::delivery_row add_copy(relay::pipeline::ports::transaction& tx, const original& from,
                                       relay::pipeline::instant now, copy_state state);

struct report_route {
    std::string doctor;    // whom the letter went to
    std::string hospital;  // whom the report goes to
};
[[nodiscard]] std::string positive_report(const relay::pipeline::delivery_row& about, const report_route& route);
[[nodiscard]] std::string receipt(const relay::pipeline::delivery_row& about, const report_route& route);
}
