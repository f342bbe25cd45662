// relay/pipeline/delivery_fold.hpp: the state of a delivery, derived from its events alone (domain.md §4, design.md
// §3.3). Pure. What was done (by the node or by a person) moves the state by the table of acts in the .cpp, in ledger
// order. What was reported (DSN, MDN) is a set: the strongest report counts, whenever it came, however often and after
// which other; only a negative DSN takes back, and only what was not read (domain.md §3 rule 4).
#pragma once

#include <span>

#include "relay/pipeline/model.hpp"

namespace relay::pipeline {
// What the reports on one delivery add up to since it last began anew.
struct delivery_reports_seen {
    delivery_state strongest = delivery_state::received;  // received: none that is positive
    cause strongest_why = cause::none;                    // of a filing that was refused
    std::optional<instant> arrived_at;                    // the first positive one: an acceptance we may not have seen
    std::optional<instant> confirmed_at;                  // the first that proves delivery
    std::optional<instant> refused_at;                    // the first negative DSN
    cause refused_why = cause::none;
};

struct delivery_view {
    delivery_state state = delivery_state::received;
    cause why = cause::none;
    int attempts = 0;
    std::optional<instant> accepted_at;  // the stop of this delivery, on our clock; empty while revoked
    std::optional<instant> confirmed_at;
    bool may_have_arrived = false;  // a 2xx, or a lost reply that no refusal followed
    bool revoked = false;           // an acceptance was taken back
    bool disputed = false;          // reports contradict each other, or the addressee does: for people

    // What the members above are derived from.
    delivery_state act = delivery_state::received;  // by what was done alone
    cause act_why = cause::none;
    std::optional<instant> act_at;       // of that; the stop, if it was a 2xx of ours
    bool left = false;                   // a 2xx or a lost reply, and no refusal since
    bool disputed_by_addressee = false;  // what has left or arrived is then DISPUTED; its stop stands
    bool revoked_before = false;         // in a try that a later one followed
    delivery_reports_seen reports;
};

// The view of an open delivery, whose state hangs on what was done alone.
[[nodiscard]] delivery_view view_of_open(delivery_state state, cause why, int attempts);

[[nodiscard]] delivery_view fold_delivery(std::span<const event> events);

// One more event on a view: what fold_delivery does for each. `applied` evidence is the caller's to remember.
void apply(delivery_view& view, const event& next);

// What `next` does to the state, the cause, the attempts and the instants of acceptance hangs on these alone, not on
// the events before: a row can be moved on without reading its history. Of our own acts only, while the delivery is
// open: a report may speak of what came long before, and a refusal that overtook our own 2xx has closed it. Not once
// the addressee has disputed it, which `why_before` says: that has to stand whatever follows.
[[nodiscard]] bool folds_alone(delivery_state before, cause why_before, const event& next) noexcept;

[[nodiscard]] bool is_accepted(delivery_state state) noexcept;  // accepted or stronger
[[nodiscard]] bool is_read(delivery_state state) noexcept;      // by a person or the recipient's software
[[nodiscard]] bool may_be_sent(delivery_state state) noexcept;  // it waits to leave
[[nodiscard]] bool is_in_queue(delivery_state state) noexcept;  // that, or it is under way
[[nodiscard]] bool is_open(delivery_state state) noexcept;      // something may still happen by itself
}
