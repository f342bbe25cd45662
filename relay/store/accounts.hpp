// relay/store/accounts.hpp: accounts of hosted mailboxes as rows: matched by keyed HMAC, kept sealed.
// Private to relay/store. User names and addresses match without regard to ASCII case.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "relay/pipeline/ports/store.hpp"
#include "relay/store/connection.hpp"

namespace relay::store {
[[nodiscard]] std::vector<pipeline::ports::account_row> load_accounts(connection& database,
                                                                      const pipeline::ports::vault& vault);
[[nodiscard]] std::optional<pipeline::ports::account_row> find_account_by_address(connection& database,
                                                                                  const pipeline::ports::vault& vault,
                                                                                  std::string_view address);
[[nodiscard]] std::optional<pipeline::ports::account_row> find_account_by_user(connection& database,
                                                                               const pipeline::ports::vault& vault,
                                                                               std::string_view user);
// Insert or update by user name; a new account gets its INBOX.
void write_account(connection& database, const pipeline::ports::vault& vault, const pipeline::ports::account_row& row);

// Columns of the account, opened.
[[nodiscard]] std::string opened_user(const pipeline::ports::vault& vault, std::string_view sealed);
[[nodiscard]] std::string opened_address(const pipeline::ports::vault& vault, std::string_view sealed);

// Row number of the account, for its mailboxes.
[[nodiscard]] std::optional<std::int64_t> account_number(connection& database, const pipeline::ports::vault& vault,
                                                         std::string_view user);
}
