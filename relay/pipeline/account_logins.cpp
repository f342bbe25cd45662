#include "relay/pipeline/account_logins.hpp"

#include <algorithm>
#include <optional>

#include "mime/text/ascii.hpp"
#include "relay/base/places.hpp"
#include "relay/pipeline/idle_mailboxes.hpp"

namespace relay::pipeline {
using answer = ports::login_answer;

account_logins::account_logins(ports::store& store, const base::wall_clock& clock, verifier verify, std::size_t at_once)
    : store_(store), clock_(clock), verify_(std::move(verify)), at_once_(std::max<std::size_t>(at_once, 1))
{
}

answer account_logins::by_password(std::string_view user, std::string_view password)
{
    const base::place mine(running_, at_once_);
    if (!mine) return {answer::verdict::unavailable, ""};
    std::optional<ports::account_row> account;
    if (!store_.read([&](ports::reader& rows) { account = rows.account_by_user(user); }).has_value())
        return {answer::verdict::unavailable, ""};
    const bool right = verify_(account ? std::string_view(account->password_hash) : std::string_view(), password);
    if (!right || !account->enabled) return {};
    note_mailbox_use(store_, account->user, clock_.now());
    return {answer::verdict::accepted, account->address};
}

answer account_logins::by_certificate(std::span<const std::string> emails, std::string_view identity)
{
    std::optional<ports::account_row> meant;
    bool several = false;
    const auto read = store_.read([&](ports::reader& rows) {
        for (const std::string& email : emails) {
            if (!identity.empty() && !mime::same_text(email, identity)) continue;
            const auto account = rows.account_by_address(email);
            if (!account || !account->enabled) continue;
            several = several || (meant && !mime::same_text(meant->address, account->address));
            meant = account;
        }
    });
    if (!read.has_value()) return {answer::verdict::unavailable, ""};
    if (!meant || several) return {};  // never a guess
    note_mailbox_use(store_, meant->user, clock_.now());
    return {answer::verdict::accepted, meant->address};
}
}
