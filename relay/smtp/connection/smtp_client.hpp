// relay/smtp/connection/smtp_client.hpp: hands mails over by SMTP, reusing TLS connections pooled by (next hop, name,
// TLS policy, client certificate) and never across them (design.md §5). How many deliveries run at a time is the
// caller's choice. A connection is not reused after an error, a timeout or a cancellation. Cancelling deliver() does
// not throw: it gives delivery_errc::cancelled, or reply_lost behind the final dot. Threads: deliver() on any strand of
// the runtime; close_idle() from any thread. The client outlives its deliveries.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "relay/io/address.hpp"
#include "relay/io/stream.hpp"
#include "relay/smtp/engine/client_engine.hpp"

namespace relay::smtp {
struct next_hop {
    io::host_port at;
    std::string tls_name;  // the name or IP address the peer's certificate must show; empty: at.host
    tls_policy policy = tls_policy::required;
    std::shared_ptr<io::tls_context> tls;  // client role
};

struct client_settings {
    std::string helo_name;
    client_timeouts timeouts{};
    std::chrono::seconds connect_timeout{30};
    std::chrono::seconds idle_limit{10};  // an idle connection is kept no longer than this
    std::size_t max_idle_per_key = 8;
    std::size_t max_mails_per_connection = 100;
};

struct delivery_report {
    attempt_outcome outcome;
    std::optional<io::tls_facts> tls;  // reached with the peer; kept with the delivery
    std::string peer_address;          // numeric; empty without connection
    enum class connection { none, fresh, reused } used = connection::none;
};

class smtp_client {
public:
    smtp_client(io::io_runtime& runtime, client_settings settings);
    ~smtp_client();
    smtp_client(const smtp_client&) = delete;
    smtp_client& operator=(const smtp_client&) = delete;

    [[nodiscard]] io::awaitable<delivery_report> deliver(next_hop hop, outgoing_mail mail,
                                                         io::clock::time_point deadline);
    // Closes the connections nobody uses.
    void close_idle();
    [[nodiscard]] std::size_t idle_connections() const;

private:
    struct connection;
    using key = std::tuple<io::host_port, std::string, tls_policy, std::string>;
    struct pool;
    io::awaitable<result<std::unique_ptr<connection>>> open(const next_hop& hop, io::clock::time_point deadline);
    io::awaitable<void> attempt(connection& used, const next_hop& hop, outgoing_mail mail,
                                io::clock::time_point deadline);

    io::io_runtime& runtime_;
    client_settings settings_;
    std::shared_ptr<pool> pool_;  // shared with the timers that empty it
};
}
