// relay/store/mailbox_rows.hpp: mailboxes and messages as rows: UIDs, mod-sequences, flags (RFC 3501 §2.3, RFC 7162
// §3.1). Private to relay/store. UIDs only grow; every delivery, flag change and removal raises the mailbox's
// mod-sequence in the same transaction. Each message owns its blob.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "relay/pipeline/ports/mailbox.hpp"
#include "relay/pipeline/ports/store.hpp"
#include "relay/store/connection.hpp"

namespace relay::store {
using mailbox_number = std::int64_t;

[[nodiscard]] std::optional<mailbox_number> find_inbox(connection& database, const pipeline::ports::vault& vault,
                                                       std::string_view address);
[[nodiscard]] std::optional<mailbox_number> find_mailbox(connection& database, std::int64_t account,
                                                         std::string_view name);
[[nodiscard]] std::vector<std::string> mailbox_names(connection& database, std::int64_t account);

// False if this mailbox had the same Message-ID with the same received bytes before, even if expunged since.
[[nodiscard]] bool remember_received(connection& database, const pipeline::ports::vault& vault, mailbox_number mailbox,
                                     const pipeline::ports::new_message& message);
// Row and structures; the blob is the caller's.
void insert_message(connection& database, const pipeline::ports::vault& vault, mailbox_number mailbox,
                    const pipeline::ports::new_message& message);

[[nodiscard]] pipeline::ports::mailbox_status load_status(connection& database, mailbox_number mailbox);
[[nodiscard]] std::vector<pipeline::ports::message_row> load_messages(connection& database, mailbox_number mailbox);
[[nodiscard]] pipeline::ports::mailbox_changes load_changes(connection& database, mailbox_number mailbox,
                                                            std::uint64_t since_modseq);
// nullopt: no such message now.
[[nodiscard]] std::optional<pipeline::ports::message_structure> load_structure(connection& database,
                                                                               const pipeline::ports::vault& vault,
                                                                               mailbox_number mailbox,
                                                                               std::uint32_t uid);
[[nodiscard]] std::optional<pipeline::ports::sealed_object> load_content(connection& database, mailbox_number mailbox,
                                                                         std::uint32_t uid);
[[nodiscard]] std::vector<pipeline::ports::message_row> change_flags(connection& database, mailbox_number mailbox,
                                                                     std::span<const std::uint32_t> uids,
                                                                     pipeline::ports::flag_operation operation,
                                                                     pipeline::ports::flag_set flags);
[[nodiscard]] std::vector<std::uint32_t> expunge_deleted(connection& database,
                                                         pipeline::ports::transaction& transaction,
                                                         mailbox_number mailbox, std::span<const std::uint32_t> uids);
// The oldest messages of all mailboxes of an account go as if expunged; their objects are left to the caller.
[[nodiscard]] std::vector<pipeline::blob_id> take_messages(connection& database, std::int64_t account,
                                                           std::size_t limit);
[[nodiscard]] std::optional<base::instant> youngest_message(connection& database, std::int64_t account);
}
