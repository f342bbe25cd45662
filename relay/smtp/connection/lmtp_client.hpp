// relay/smtp/connection/lmtp_client.hpp: hands mail to the mailbox server beside us by LMTP (RFC 2033), over a Unix
// socket or loopback: it never leaves the machine, so there is no TLS. Blocking, for worker threads: one connection a
// mail, each wait bounded; at most `at_once` run, one more is told to come again.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "relay/pipeline/ports/mailbox_server.hpp"

namespace relay::smtp {
struct lmtp_settings {
    std::string socket;  // path of a Unix socket; empty: host and port
    std::string host;    // numeric, loopback
    std::uint16_t port = 0;
    std::string own_name;  // in LHLO
    std::chrono::seconds step{60};
    std::size_t at_once = 4;
};

class lmtp_client final : public pipeline::ports::mailbox_server {
public:
    explicit lmtp_client(lmtp_settings settings) : settings_(std::move(settings)) {}
    [[nodiscard]] pipeline::ports::mailbox_reply check(std::string_view address) override;
    [[nodiscard]] pipeline::ports::mailbox_reply deliver(std::string_view reverse_path, std::string_view address,
                                                         std::string_view message) override;

private:
    lmtp_settings settings_;
    std::atomic<std::size_t> running_{0};
};
}
