// relay/app/generation.hpp: what of a node is made of its settings alone, and is made anew and swapped whole when they
// are reloaded: contexts, policies, and the services of the pipeline that follow them. Immutable once made; the
// services keep no state between calls, since what they know is in the store. Who has taken one keeps it until he is
// done, so that a step begun under the old settings ends under them. What cannot change while a node runs is listed in
// keep_fixed().
#pragma once

#include <functional>
#include <memory>

#include "relay/app/parts.hpp"
#include "relay/base/current.hpp"
#include "relay/pipeline/ack_queue.hpp"
#include "relay/pipeline/hosted_mail.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/outbound.hpp"
#include "relay/track/returns.hpp"

namespace relay::app {
// What stays from one generation to the next; it outlives them all.
struct lasting_parts {
    pipeline::ports::store& store;
    const pipeline::ports::vault& vault;
    pipeline::ports::directory& directory;
    const base::wall_clock& clock;
    std::function<void()> wake;                                 // something was queued
    pipeline::ports::mailbox_server* mailbox_server = nullptr;  // null: the mailboxes are ours
    std::function<bool()> refusing = {};                        // the node has no room: nothing more is taken in
};

struct generation {
    generation(std::shared_ptr<const parts> made, const lasting_parts& with);
    generation(const generation&) = delete;
    generation& operator=(const generation&) = delete;

    const std::shared_ptr<const parts> part;
    std::unique_ptr<pipeline::hosted_mail> hosted;  // operator
    std::unique_ptr<pipeline::outbound> outbound;   // leaves reports for mailboxes here to `hosted`
    std::unique_ptr<pipeline::ack_queue> acks;
    std::unique_ptr<pipeline::intake> intake;  // hospital
    std::unique_ptr<track::returns> returns;   // hospital; hands replies to `hosted`
};
using current_generation = base::current<generation>;

// A member of the generation in use now, which it keeps alive; null if that generation has none.
template <class Service>
[[nodiscard]] std::shared_ptr<Service> in_use(const current_generation& now,
                                              std::unique_ptr<Service> generation::*which)
{
    auto whole = now.get();
    Service* const one = (whole.get()->*which).get();
    return one == nullptr ? nullptr : std::shared_ptr<Service>(std::move(whole), one);
}

// A mail sink that hands each call to the one of the generation in use.
template <class Sink>
class sink_in_use final : public pipeline::ports::mail_sink {
public:
    sink_in_use(const current_generation& now, std::unique_ptr<Sink> generation::*which) : now_(now), which_(which) {}

    [[nodiscard]] pipeline::ports::recipient_verdict check_recipient(
        std::string_view address, const pipeline::ports::session_facts& from) override
    {
        return in_use(now_, which_)->check_recipient(address, from);
    }
    [[nodiscard]] pipeline::ports::store_verdict store(const pipeline::ports::mail_envelope& envelope,
                                                       std::string_view message,
                                                       const pipeline::ports::session_facts& from) override
    {
        return in_use(now_, which_)->store(envelope, message, from);
    }

private:
    const current_generation& now_;
    std::unique_ptr<Sink> generation::*which_;
};

// Puts back in `next` what cannot change while a node runs, and names the keys that differed: "[node] data", ...
[[nodiscard]] std::vector<std::string> keep_fixed(const config::settings& running, config::settings& next);
}
