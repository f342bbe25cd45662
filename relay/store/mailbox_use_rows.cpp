#include "relay/store/mailbox_use_rows.hpp"

#include "relay/store/accounts.hpp"
#include "relay/store/mailbox_rows.hpp"
#include "relay/store/rows.hpp"

namespace relay::store {
using namespace pipeline;
namespace {
#define LIAISON_MAILBOX_USE "SELECT id, user, address, last_used, warned_at, closed_at FROM account"

ports::mailbox_use read_use(const cursor& row, const ports::vault& vault)
{
    return {row.integer(0),
            opened_user(vault, row.text(1)),
            opened_address(vault, row.text(2)),
            {row.when(3), row.maybe_when(4), row.maybe_when(5)}};
}
}

std::vector<ports::mailbox_use> mailbox_use_rows::used_until(instant until, std::int64_t after, std::size_t limit)
{
    return all(database_.query(LIAISON_MAILBOX_USE " WHERE id > ? AND last_used <= ?"
                                                   " AND (enabled = 1 OR closed_at IS NOT NULL) ORDER BY id LIMIT ?",
                               after, until, limit_of(limit)),
               [this](const cursor& row) { return read_use(row, vault_); });
}

std::optional<ports::mailbox_use> mailbox_use_rows::use_of(std::string_view user)
{
    const auto number = account_number(database_, vault_, user);
    if (!number) return std::nullopt;
    auto row = database_.query(LIAISON_MAILBOX_USE " WHERE id = ?", *number);
    if (!row.next()) return std::nullopt;
    return read_use(row, vault_);
}

std::optional<instant> mailbox_use_rows::youngest_mail(std::int64_t account)
{
    return youngest_message(database_, account);
}

void mailbox_use_rows::save_life(std::int64_t account, const mailbox_life& life)
{
    database_.run("UPDATE account SET last_used = ?, warned_at = ?, closed_at = ?, enabled = ? WHERE id = ?",
                  life.last_use, life.warned_at, life.closed_at, int{!life.closed_at}, account);
}

std::vector<blob_id> mailbox_use_rows::take_mails(std::int64_t account, std::size_t limit)
{
    return take_messages(database_, account, limit);
}
}
