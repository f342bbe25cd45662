// relay/pipeline/services.hpp: what every service of the pipeline works with, and the few moves they share: an event
// with its projection, a delivery's key, mail kept for people. Blocking: worker threads only, inside a store unit where
// a transaction is asked for.
#pragma once

#include "certs/trust_anchors.hpp"
#include "relay/base/clock.hpp"
#include "relay/pipeline/ports/directory.hpp"
#include "relay/pipeline/ports/store.hpp"
#include "relay/pipeline/route.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
// What every service of the pipeline works with; the app owns them all and outlives the services.
struct services {
    ports::store& store;
    const ports::vault& vault;
    ports::directory& directory;
    const base::wall_clock& clock;
    const route_policy& routes;
    const certs::trust_anchors& anchors;
};

// Contexts of vault fields and match keys, in one place so that writer and reader agree.
namespace field {
inline constexpr std::string_view letter_details = "letter.details";
inline constexpr std::string_view recipient = "delivery.recipient";
inline constexpr std::string_view source_name = "refusal.name";
inline constexpr std::string_view ack_name = "ack.name";
inline constexpr std::string_view ack_content = "ack.content";
}

// Mail that nobody here can act upon (a report that matches nothing, mail to the postmaster) is kept as an object and
// listed with the refused files. The same bytes twice are kept once. `about`: what of ours it speaks of, by id.
ports::stored_as keep_for_people(ports::transaction& tx, const services& with, std::string_view message,
                                 std::string_view code, std::string_view text, std::string_view about = {});

// What versions and repeats to one mailbox are matched by: of the address, or of the RPPS while no address is known.
[[nodiscard]] std::string recipient_key(const ports::vault& vault, const recipient& to);

// The event appended to the ledger and the row's projection moved with it, in one transaction.
void record(ports::transaction& tx, delivery_row& row, event next);
// Saves the stay with the projection of its events. What the events do not say stays as it is.
void project_stay(ports::transaction& tx, stay_row& row, const stay_rules& rules);
}
