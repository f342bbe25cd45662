// relay/store/mailbox_use_rows.hpp: the use of hosted mailboxes as columns of their accounts
// (relay/pipeline/ports/mailbox_use.hpp). Private to relay/store; throws as rows.hpp does.
#pragma once

#include "relay/pipeline/ports/mailbox_use.hpp"
#include "relay/pipeline/ports/vault.hpp"
#include "relay/store/connection.hpp"

namespace relay::store {
class mailbox_use_rows final : public pipeline::ports::mailbox_use_reader, public pipeline::ports::mailbox_use_writer {
public:
    mailbox_use_rows(connection& database, const pipeline::ports::vault& vault) : database_(database), vault_(vault) {}
    std::vector<pipeline::ports::mailbox_use> used_until(base::instant until, std::int64_t after,
                                                         std::size_t limit) override;
    std::optional<pipeline::ports::mailbox_use> use_of(std::string_view user) override;
    std::optional<base::instant> youngest_mail(std::int64_t account) override;
    void save_life(std::int64_t account, const pipeline::mailbox_life& life) override;
    std::vector<pipeline::blob_id> take_mails(std::int64_t account, std::size_t limit) override;

private:
    connection& database_;
    const pipeline::ports::vault& vault_;
};
}
