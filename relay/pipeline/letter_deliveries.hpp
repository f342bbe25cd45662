// relay/pipeline/letter_deliveries.hpp: the deliveries of a letter inside a store unit: one per mailbox, each routed or
// held with its cause, the newest version first in line, the treating doctor named (design.md §3.6, domain.md §3 rule
// 5, §4).
#pragma once

#include <vector>

#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/services.hpp"

namespace relay::pipeline {
struct routed_recipient {
    recipient to;
    route_decision decision;

    // As given, with the address that was found for it.
    [[nodiscard]] recipient addressed() const;
};

// domain.md §3 rule 5: who counts for the indicators. `flags` of a new letter; null when it is known already.
void name_treating_doctor(std::vector<routed_recipient>& all, const std::string& rpps, std::string* flags);

// Lives no longer than `with` and the unit it is used in.
class letter_deliveries {
public:
    letter_deliveries(const services& with, instant now, const site_options& site) : with_(with), now_(now), site_(site)
    {
    }

    // Who of `all` gets something by add(), each mailbox once.
    [[nodiscard]] std::vector<routed_recipient> unserved(ports::reader& store, const letter_row& letter,
                                                         const std::vector<routed_recipient>& all) const;
    // Whoever gets this letter already, under whatever description, gets no second one.
    void add(ports::transaction& tx, const letter_row& letter, const std::vector<routed_recipient>& all) const;
    // The ADT feed says who the treating doctor is, maybe after the letter came.
    void name_doctor(ports::transaction& tx, letter_row letter, const std::string& rpps) const;
    // The goals of what has not left, after the discharge of its stay was heard of or corrected.
    void set_goals(ports::transaction& tx, const letter_row& letter) const;
    // Held with its cause, or queued for the mailbox that was found.
    void route(ports::transaction& tx, delivery_row& row, const route_decision& decision) const;
    // Of two versions to one mailbox the older gives way if it has not begun to leave, whichever of the two came first:
    // versions arrive in order or not at all. Of a deleted document nothing leaves any more, to anybody; and a deletion
    // that has nothing to delete there is closed.
    void keep_newest(ports::transaction& tx, delivery_row& row) const;
    // Somebody who gets the set is no recipient of `letter`, the newest of it (mssante.md §4.6).
    [[nodiscard]] bool leaves_out_somebody(ports::reader& store, const letter_row& letter,
                                           const std::vector<routed_recipient>& all) const;

private:
    void close(ports::transaction& tx, delivery_row& row, event_kind kind, std::string_view flag) const;
    void settle_removal(ports::transaction& tx, const letter_row& removal, delivery_row& row) const;

    [[nodiscard]] delivery_goals goals(ports::reader& store, const letter_row& letter) const;

    const services& with_;
    instant now_;
    const site_options& site_;
};
}
