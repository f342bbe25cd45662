// relay/smtp/connection/smtp_client.hpp: hands mails over by SMTP, reusing TLS connections pooled by (next hop, name,
// TLS policy, client certificate and anchors, credentials) and never across them (design.md §5); sessions are resumed
// under the same key and peer. How many deliveries run at a time is the caller's choice.
// The addresses of a next hop are tried in order, within the deadline, until a peer answers MAIL: from there on the
// mail is that peer's, so that a reply to the dot is never pending at two. A connection is not reused after an error, a
// timeout or a cancellation. Cancelling deliver() does not throw: it gives delivery_errc::cancelled, or reply_lost
// behind the final dot. Threads: deliver() on any strand of the runtime; close_idle() from any thread. The client
// outlives its deliveries.
#pragma once

#include <memory>
#include <string>

#include "relay/io/name_lookup.hpp"
#include "relay/io/stream.hpp"
#include "relay/smtp/connection/connection_pool.hpp"
#include "relay/smtp/connection/mail_hosts.hpp"
#include "relay/smtp/connection/next_hop.hpp"

namespace relay::smtp {
struct client_settings {
    std::string helo_name;  // also the name of ours that ends a list of MX
    client_timeouts timeouts{};
    std::chrono::seconds connect_timeout{30};  // of one address
    std::chrono::seconds lookup_timeout{60};   // of all names of one delivery
    pool_limits pool{};
    std::size_t max_mails_per_connection = 100;
    std::size_t max_addresses = 10;            // tried for one mail
    std::shared_ptr<io::name_lookup> names{};  // none: one with the servers of /etc/resolv.conf
};

struct delivery_report {
    attempt_outcome outcome;
    std::optional<io::tls_facts> tls;  // reached with the peer; kept with the delivery
    std::string peer_host;             // whose address answered: of the next hop, its MX or its SRV target
    std::string peer_address;          // numeric; empty without connection
    enum class connection { none, fresh, reused } used = connection::none;
    std::size_t addresses_tried = 0;  // of the last connections made for this mail
};

class smtp_client {
public:
    smtp_client(io::io_runtime& runtime, client_settings settings);
    ~smtp_client();
    smtp_client(const smtp_client&) = delete;
    smtp_client& operator=(const smtp_client&) = delete;

    [[nodiscard]] io::awaitable<delivery_report> deliver(next_hop hop, outgoing_mail mail,
                                                         io::clock::time_point deadline);
    // Which site a mail for this hop would go to (mail_hosts.hpp), within lookup_timeout.
    [[nodiscard]] io::awaitable<result<mail_site>> find_site(next_hop hop);
    // Closes the connections nobody uses.
    void close_idle();
    // Certificates, anchors or credentials may be others from now on: a connection in use ends with the mail under way,
    // no connection and no TLS session of before serves a later one. Any thread.
    void begin_anew() { pool_->begin_epoch(); }
    [[nodiscard]] std::size_t idle_connections() const { return pool_->idle_connections(); }

private:
    struct delivery;  // what one deliver() is about
    enum class go_on { done, try_next, try_without_session };
    io::awaitable<void> deliver_somehow(delivery& about);
    io::awaitable<go_on> deliver_to_host(delivery& about, mail_host host);
    io::awaitable<go_on> deliver_to_address(delivery& about, tcp_endpoint at, std::string host);
    io::awaitable<result<client_policy>> policy_for(delivery& about);
    [[nodiscard]] static client_engine::action begin(delivery& about);
    io::awaitable<void> attempt(delivery& about, client_engine::action next);
    void settle(delivery& about);

    io::io_runtime& runtime_;
    client_settings settings_;
    host_names ours_;
    std::shared_ptr<connection_pool> pool_;  // shared with the timers that empty it
};
}
