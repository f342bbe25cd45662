// relay/pipeline/delivery_fold.hpp: the state of a delivery, derived from its events alone (domain.md §4, design.md
// §3.3). Pure. Events are folded in ledger order; reports may come late, twice, or out of order: the same evidence
// applied twice changes nothing, and weaker evidence never undoes stronger, except a negative DSN, which revokes an
// acceptance (domain.md §3 rule 4).
#pragma once

#include <span>

#include "relay/pipeline/model.hpp"

namespace relay::pipeline {
struct delivery_view {
    delivery_state state = delivery_state::received;
    cause why = cause::none;
    int attempts = 0;
    std::optional<instant> accepted_at;  // the stop of this delivery, on our clock; empty again once revoked
    std::optional<instant> confirmed_at;
    std::optional<instant> ended_at;  // failed, undeliverable, cancelled...
    int smtp_code = 0;                // of the last reply
    std::string enhanced_status;
    bool refused_by_report = false;  // since the last attempt began: our own late 2xx must not undo it
    bool may_have_arrived = false;   // a 2xx, or a lost reply that no refusal followed
    bool revoked = false;            // an acceptance was taken back
    bool disputed = false;           // a negative DSN after displayed or processed: for people
};

[[nodiscard]] delivery_view fold_delivery(std::span<const event> events);

// One more event on a view: what fold_delivery does for each. `applied` evidence is the caller's to remember.
void apply(delivery_view& view, const event& next);

// What `next` does to the state, the cause, the attempts and the instants of acceptance hangs on these alone, not on
// the events before: a row can be moved on without reading its history. Of our own acts only, while the delivery is
// open: a report may speak of what came long before, and a refusal that overtook our own 2xx has closed it.
[[nodiscard]] bool folds_alone(delivery_state before, const event& next) noexcept;

[[nodiscard]] bool is_accepted(delivery_state state) noexcept;  // accepted or stronger
[[nodiscard]] bool may_be_sent(delivery_state state) noexcept;  // it waits to leave
[[nodiscard]] bool is_open(delivery_state state) noexcept;      // something may still happen by itself
}
