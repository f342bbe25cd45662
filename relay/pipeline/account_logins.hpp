// relay/pipeline/account_logins.hpp: submission's logins over the hosted accounts, the same ones IMAP serves. Passwords
// are checked by argon2id, which costs memory and time: no more than `at_once` run, over all connections; one more is
// told to come again. An accepted one is a use of the mailbox (idle_mailboxes.hpp). Worker threads, several at once.
#pragma once

#include <atomic>
#include <functional>

#include "relay/pipeline/ports/sender_logins.hpp"
#include "relay/pipeline/ports/store.hpp"

namespace relay::pipeline {
class account_logins final : public ports::sender_logins {
public:
    // hash, password; an empty hash costs the same time. In relay/vault.
    using verifier = std::function<bool(std::string_view, std::string_view)>;
    account_logins(ports::store& store, const base::wall_clock& clock, verifier verify, std::size_t at_once);

    [[nodiscard]] ports::login_answer by_password(std::string_view user, std::string_view password) override;
    [[nodiscard]] ports::login_answer by_certificate(std::span<const std::string> emails,
                                                     std::string_view identity) override;

private:
    ports::store& store_;
    const base::wall_clock& clock_;
    verifier verify_;
    std::size_t at_once_;
    std::atomic<std::size_t> running_{0};
};
}
