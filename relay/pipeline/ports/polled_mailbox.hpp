// relay/pipeline/ports/polled_mailbox.hpp: what is remembered of a mailbox elsewhere that is polled for returns (RFC
// 3501 §2.3.1.1). It spares work and words, and decides nothing about a mail: that a mail was taken is known by its
// bytes (returned_mail.hpp), so that whatever a server does with its UIDs loses none and doubles none. Each call is
// durable before it returns. Blocking: worker threads only. Errors: the store's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "relay/base/result.hpp"

namespace relay::pipeline::ports {
struct mailbox_place {
    std::uint32_t uid_validity = 0;
    std::uint32_t last_uid = 0;  // the highest that was taken or left for people
    friend bool operator==(const mailbox_place&, const mailbox_place&) = default;
};
enum class left_because { too_large, unreadable };

class polled_mailboxes {
public:
    virtual ~polled_mailboxes() = default;
    // `mailbox`: server, account and folder; kept as a keyed HMAC only.
    [[nodiscard]] virtual result<std::optional<mailbox_place>> place(std::string_view mailbox) = 0;
    [[nodiscard]] virtual result<void> save(std::string_view mailbox, const mailbox_place& place) = 0;
    // A mail that stays on the server is listed for people, once.
    [[nodiscard]] virtual result<void> tell_left(std::string_view mailbox, const mailbox_place& which,
                                                 std::uint64_t octets, left_because why) = 0;
};
}
