// relay/pipeline/ports/mailbox_use.hpp: what the store keeps of the use of hosted mailboxes (idle_rule.hpp). Inside a
// read or a unit of ports::store: reached by work_reader::mailbox_uses() and work_writer::mailbox_use_changes().
// Throws as its other questions do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/pipeline/idle_rule.hpp"
#include "relay/pipeline/model.hpp"

namespace relay::pipeline::ports {
struct mailbox_use {
    std::int64_t account = 0;  // row number: the only name that leaves the store's seals
    std::string user, address;
    mailbox_life life;
};

class mailbox_use_reader {
public:
    virtual ~mailbox_use_reader() = default;
    // Behind `after`, by number, last used until then; those that a person switched off aside.
    [[nodiscard]] virtual std::vector<mailbox_use> used_until(instant until, std::int64_t after, std::size_t limit) = 0;
    [[nodiscard]] virtual std::optional<mailbox_use> use_of(std::string_view user) = 0;
    [[nodiscard]] virtual std::optional<instant> youngest_mail(std::int64_t account) = 0;  // nullopt: empty
};

class mailbox_use_writer {
public:
    virtual ~mailbox_use_writer() = default;
    // Its life as it is now; closed: no login, no mail. Open again: both.
    virtual void save_life(std::int64_t account, const mailbox_life& life) = 0;
    // Rows of the oldest mails go; the objects they leave are the caller's to remove.
    [[nodiscard]] virtual std::vector<blob_id> take_mails(std::int64_t account, std::size_t limit) = 0;
};
}
