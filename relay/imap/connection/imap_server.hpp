// relay/imap/connection/imap_server.hpp: runs IMAP server engines over TCP: implicit TLS (RFC 8314 §3.2, port 993) and
// STARTTLS (port 143), each if asked for. One coroutine and one strand per connection; the engine's steps, which call
// the mailbox store, run on the worker pool. Deadlines: every receive by the engine's word, the whole time before
// login, each chunk sent, the TLS handshake. Threads: open(), drain() and the destructor from one thread that is not
// the I/O thread. Errors of open(): those of io::listener.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "relay/base/current.hpp"
#include "relay/imap/engine/server_engine.hpp"
#include "relay/io/listener.hpp"

namespace relay::imap {
struct imap_server_settings {
    std::optional<io::host_port> implicit_tls;
    std::optional<io::host_port> starttls;
    std::size_t max_connections = 200;   // of each of the two
    std::chrono::seconds send_time{60};  // for one chunk of 64 kB
    std::chrono::seconds handshake_time{30};
    server_limits limits;
};

class imap_server {
public:
    // The runtime and the accounts outlive the server; a step that a cancelled connection left on the worker pool may
    // use the accounts until the pool is joined, so join it before they go.
    imap_server(io::io_runtime& runtime, pipeline::ports::mailbox_accounts& accounts,
                std::shared_ptr<io::tls_context> tls, const imap_server_settings& settings);
    ~imap_server();
    imap_server(const imap_server&) = delete;
    imap_server& operator=(const imap_server&) = delete;

    [[nodiscard]] result<void> open();
    [[nodiscard]] std::uint16_t implicit_tls_port() const;  // as bound; 0 if not open
    [[nodiscard]] std::uint16_t starttls_port() const;

    // For the handshakes and the connections that come from now on.
    void use(std::shared_ptr<io::tls_context> tls, std::size_t max_connections);
    // No new connections; those that wait for a command are told BYE at once, the others after their command, all are
    // cut off at `drain_until`.
    void drain(io::clock::time_point drain_until);

private:
    struct shared;
    std::shared_ptr<shared> shared_;
    std::unique_ptr<io::listener> implicit_;
    std::unique_ptr<io::listener> starttls_;
};
}
