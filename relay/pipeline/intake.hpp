// relay/pipeline/intake.hpp: takes submissions in: durable first, acknowledged after (design.md §3.1, §3.2).
// One store unit makes the letter, its document, its stay, its deliveries and their first events durable together; only
// then does the answer say accepted. A repeat gets the same answer and makes nothing twice; a refused file is kept as
// an object. Blocking: worker threads only; safe from several at once.
#pragma once

#include <functional>

#include "certs/trust_anchors.hpp"
#include "relay/base/clock.hpp"
#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/ports/directory.hpp"
#include "relay/pipeline/ports/store.hpp"

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

class intake {
public:
    intake(services with, site_options site, std::function<void()> on_queued);

    [[nodiscard]] submission_result accept(const submission& from);

    // Decides again for everything held (domain.md §4): after an import or a new certificate. Returns how many left
    // hold.
    [[nodiscard]] result<std::size_t> route_again();
    [[nodiscard]] const site_options& site() const noexcept { return site_; }

private:
    struct answer_text;
    struct keys;
    using taken = std::variant<submission_result, refusal>;
    taken accept_letter(letter_plan plan, const answer_text& text, const keys& known_by);
    taken accept_discharge(const discharge_plan& plan, const answer_text& text, const keys& known_by);
    submission_result refuse(const refusal& why, const submission& from, const answer_text& text);

    services with_;
    site_options site_;
    std::function<void()> on_queued_;
};

// Mail that nobody here can act upon (a report that matches nothing, mail to the postmaster) is kept as an object and
// listed with the refused files. The same bytes twice are kept once.
ports::stored_as keep_for_people(ports::transaction& tx, const services& with, std::string_view message,
                                 std::string_view code, std::string_view text);

// What versions and repeats to one mailbox are matched by: of the address, or of the RPPS while no address is known.
[[nodiscard]] std::string recipient_key(const ports::vault& vault, const recipient& to);

// The event appended to the ledger and the row's projection moved with it, in one transaction.
void record(ports::transaction& tx, delivery_row& row, event next);
// Saves the stay with the projection of its events.
void project_stay(ports::transaction& tx, stay_row& row);
}
