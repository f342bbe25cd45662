// relay/track/polled_record.hpp: what is remembered of polled mailboxes, in the store. Worker threads, several at once.
#pragma once

#include "relay/pipeline/ports/polled_mailbox.hpp"
#include "relay/pipeline/ports/store.hpp"
#include "relay/pipeline/ports/vault.hpp"

namespace relay::track {
class polled_record final : public pipeline::ports::polled_mailboxes {
public:
    polled_record(pipeline::ports::store& store, const pipeline::ports::vault& vault, const base::wall_clock& clock)
        : store_(store), vault_(vault), clock_(clock)
    {
    }
    [[nodiscard]] result<std::optional<pipeline::ports::mailbox_place>> place(std::string_view mailbox) override;
    [[nodiscard]] result<void> save(std::string_view mailbox, const pipeline::ports::mailbox_place& place) override;
    [[nodiscard]] result<void> tell_left(std::string_view mailbox, const pipeline::ports::mailbox_place& which,
                                         std::uint64_t octets, pipeline::ports::left_because why) override;

private:
    pipeline::ports::store& store_;
    const pipeline::ports::vault& vault_;
    const base::wall_clock& clock_;
};
}
