#include "relay/store/accounts.hpp"

#include <ctime>

#include "mime/text/ascii.hpp"
#include "relay/store/sealing.hpp"

namespace relay::store {
namespace {
using namespace pipeline;
constexpr std::string_view user_context = "account.user";
constexpr std::string_view address_context = "account.address";
constexpr std::string_view hash_context = "account.password_hash:";

// Names and addresses match without regard to the case of ASCII letters, local part included: operators treat them so.
std::string user_key(const ports::vault& vault, std::string_view user)
{
    return vault.match_key("account.user", mime::lower(user));
}
std::string address_key(const ports::vault& vault, std::string_view address)
{
    return vault.match_key("account.address", mime::lower(address));
}

ports::account_row read_account(const cursor& row, const ports::vault& vault)
{
    // The hash is bound to its user: one account's hash cannot be copied over another's.
    return {opened(vault, user_context, row.text(1)), opened(vault, address_context, row.text(2)),
            opened(vault, std::string(hash_context) + row.text(0), row.text(3)), row.integer(4) != 0};
}
#define LIAISON_ACCOUNT "SELECT user_key, user, address, password_hash, enabled FROM account"
}

std::vector<ports::account_row> load_accounts(connection& database, const ports::vault& vault)
{
    std::vector<ports::account_row> found;
    auto rows = database.query(LIAISON_ACCOUNT " ORDER BY id");
    while (rows.next()) found.push_back(read_account(rows, vault));
    return found;
}

std::optional<ports::account_row> find_account_by_address(connection& database, const ports::vault& vault,
                                                          std::string_view address)
{
    const std::string key = address_key(vault, address);
    auto row = database.query(LIAISON_ACCOUNT " WHERE address_key = ?", key);
    if (!row.next()) return std::nullopt;
    return read_account(row, vault);
}

std::optional<ports::account_row> find_account_by_user(connection& database, const ports::vault& vault,
                                                       std::string_view user)
{
    const std::string key = user_key(vault, user);
    auto row = database.query(LIAISON_ACCOUNT " WHERE user_key = ?", key);
    if (!row.next()) return std::nullopt;
    return read_account(row, vault);
}

std::optional<std::int64_t> account_number(connection& database, const ports::vault& vault, std::string_view user)
{
    const std::string key = user_key(vault, user);
    auto row = database.query("SELECT id FROM account WHERE user_key = ?", key);
    if (!row.next()) return std::nullopt;
    return row.integer(0);
}

std::string opened_user(const ports::vault& vault, std::string_view sealed)
{
    return opened(vault, user_context, sealed);
}

std::string opened_address(const ports::vault& vault, std::string_view sealed)
{
    return opened(vault, address_context, sealed);
}

void write_account(connection& database, const ports::vault& vault, const ports::account_row& row)
{
    const std::string key = user_key(vault, row.user);
    const std::string user = vault.seal_field(user_context, row.user);
    const std::string address = vault.seal_field(address_context, row.address);
    const std::string hash = vault.seal_field(std::string(hash_context) + key, row.password_hash);
    const auto seconds = static_cast<std::int64_t>(std::time(nullptr));
    // Made, or given a new password: its year without use begins now.
    database.run(
        "INSERT INTO account (user_key, address_key, user, address, password_hash, enabled, last_used)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_key) DO UPDATE SET address_key = excluded.address_key,"
        " user = excluded.user, address = excluded.address, password_hash = excluded.password_hash,"
        " enabled = excluded.enabled, last_used = excluded.last_used, warned_at = NULL, closed_at = NULL",
        key, address_key(vault, row.address), as_blob{user}, as_blob{address}, as_blob{hash}, int{row.enabled},
        seconds * 1000);
    // UIDVALIDITY only has to differ if UIDs start again: seconds do (RFC 3501 §2.3.1.1).
    database.run(
        "INSERT INTO mailbox (account, name, uid_validity) SELECT id, 'INBOX', ? FROM account"
        " WHERE user_key = ? ON CONFLICT DO NOTHING",
        seconds, key);
}
}
