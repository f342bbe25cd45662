// relay/smtp/connection/smtp_server.hpp: one listening SMTP service over io::stream: engine, TLS and deadlines joined
// to a mail_sink (and sender_logins, for submission), called on the worker pool. Every connection ends: at each step's
// limit, when a mail comes slower than its pace, and at session_limit. Past max_connections, or past what one peer may
// do (peer_rates), a connection gets 421.
// Threads: open() and drain() from any thread but the I/O thread. The runtime outlives the server, and the sink the
// runtime, since a worker may still be in store() when its connection is gone.
#pragma once

#include <atomic>
#include <memory>

#include "relay/base/current.hpp"
#include "relay/io/listener.hpp"
#include "relay/io/session_list.hpp"
#include "relay/io/tls_context.hpp"
#include "relay/pipeline/ports/mail_sink.hpp"
#include "relay/pipeline/ports/sender_logins.hpp"
#include "relay/smtp/engine/peer_rates.hpp"
#include "relay/smtp/engine/server_engine.hpp"

namespace relay::smtp {
struct server_settings {
    io::host_port at;
    server_policy policy;
    std::shared_ptr<io::tls_context> tls;  // server role; its peers() must agree with policy.certificates
    std::size_t max_connections = 200;
    std::chrono::seconds session_limit{3600};
    data_pace pace{};
    std::shared_ptr<peer_rates> rates;                    // null: unlimited; shared by the listeners of a node
    pipeline::ports::sender_logins* logins = nullptr;     // for policy.logins; outlives the runtime
    std::chrono::milliseconds refused_login_delay{1000};  // times the refused ones of the connection
};

class smtp_server {
public:
    // Throws std::invalid_argument if the settings contradict each other (TLS or client certificates required, but no
    // context that does it).
    smtp_server(io::io_runtime& runtime, server_settings settings, pipeline::ports::mail_sink& sink);
    ~smtp_server();
    smtp_server(const smtp_server&) = delete;
    smtp_server& operator=(const smtp_server&) = delete;

    [[nodiscard]] result<boost::asio::ip::tcp::endpoint> open();
    // Other settings for the connections that come from now on; `at` stays. Throws as the constructor does.
    void use(server_settings next);
    // No new connections; those without a mail under way end at once, the others at the end of their mail or at
    // `drain_until`.
    void drain(io::clock::time_point drain_until);

private:
    struct session;
    class place;
    io::awaitable<void> serve(io::stream peer);
    enum class welcome { given, refused };
    io::awaitable<session_end> drive(session& one, welcome given);
    io::awaitable<server_engine::action> receive(session& one, std::chrono::seconds within);
    io::awaitable<server_engine::action> secure(session& one);
    io::awaitable<server_engine::action> log_in(session& one, server_engine::check_login asked);
    [[nodiscard]] static gate count(const session& one, rated what);

    io::io_runtime& runtime_;
    base::current<const server_settings> settings_;  // a connection keeps those it began with
    pipeline::ports::mail_sink& sink_;
    std::atomic<bool> draining_{false};
    std::atomic<std::size_t> open_{0};
    io::session_list<session> sessions_{obs::gauge::smtp_connections_open};
    io::listener listener_;  // last: its connections use all of the above
};
}
