// relay/mllp/connection/mllp_server.hpp: MLLP over TLS from the hospital's software to intake (mssante.md §8.4): TLS
// from the first byte, with a client certificate if the context asks for one. Intake runs on the worker pool; its
// answer leaves once it has returned, so after the commit. Every wait ends (server_timeouts); a connection lasts as
// long as its peer wants. Threads: open() and drain() from any thread but the I/O thread. The runtime outlives the
// server, and what `intake` uses the runtime, since a worker may still be in it when its connection is gone.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "mime/text/zone.hpp"
#include "relay/base/clock.hpp"
#include "relay/base/current.hpp"
#include "relay/io/listener.hpp"
#include "relay/io/session_list.hpp"
#include "relay/io/slots.hpp"
#include "relay/io/tls_context.hpp"
#include "relay/mllp/engine/server_engine.hpp"
#include "relay/pipeline/submission.hpp"

namespace relay::mllp {
struct server_settings {
    io::host_port at;
    server_policy policy;
    std::shared_ptr<io::tls_context> tls;  // server role; its peers() says whether certificates are asked for
    std::size_t max_connections = 200;     // more wait in the kernel's backlog
    std::size_t queue = 64;                // messages in hand at a time, over all connections
    mime::zone zone;                       // of the times in refusals
};

class mllp_server {
public:
    using intake = std::function<pipeline::submission_result(const pipeline::submission&)>;  // called on worker threads

    // Throws std::invalid_argument without a TLS context of the server role.
    mllp_server(io::io_runtime& runtime, server_settings settings, intake accept, const base::wall_clock& clock);
    ~mllp_server();
    mllp_server(const mllp_server&) = delete;
    mllp_server& operator=(const mllp_server&) = delete;

    [[nodiscard]] result<boost::asio::ip::tcp::endpoint> open();
    // Other settings for the connections that come from now on; `at` and `queue` stay. Throws as the constructor does.
    void use(server_settings next);
    // No new connections; those between two messages end at once, the others with their answer or at `drain_until`.
    void drain(io::clock::time_point drain_until);

private:
    struct session;
    io::awaitable<void> serve(io::stream peer);
    io::awaitable<session_end> drive(session& one);
    static io::awaitable<void> discard(session& one);
    io::awaitable<std::string> answer(session& one, std::string message);
    [[nodiscard]] std::string refusal(const session& one, std::string_view head, refusal_cause cause) const;

    io::io_runtime& runtime_;
    base::current<const server_settings> settings_;  // a connection keeps those it began with
    intake accept_;
    const base::wall_clock& clock_;
    io::slots slots_;
    std::atomic<bool> draining_{false};
    io::session_list<session> sessions_{obs::gauge::mllp_connections_open};
    io::listener listener_;  // last: its connections use all of the above
};

// The name a message gets in place of a file's: made of what it is known by (MSH-3, MSH-4, MSH-10), so that it stays
// the same when the message comes again.
[[nodiscard]] std::string submission_name(std::string_view message);
}
