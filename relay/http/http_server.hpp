// relay/http/http_server.hpp: HTTP/1.1 over plain TCP (RFC 9110, RFC 9112) for the pages, on a loopback address only:
// there are no accounts and no TLS yet. Requests of a connection are answered one by one, in order; what is pipelined
// waits. Every wait ends (server_limits). Threads: open(), use() and drain() from any thread but the I/O thread. The
// runtime outlives the server; `pages`, and what it uses, outlive the runtime's workers.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "relay/base/clock.hpp"
#include "relay/http/responder.hpp"
#include "relay/io/listener.hpp"
#include "relay/io/session_list.hpp"
#include "relay/io/slots.hpp"

namespace relay::http {
struct server_limits {
    request_limits request;
    std::size_t connections = 64;               // more wait in the kernel's backlog
    std::size_t requests_per_connection = 100;  // then it is closed
    std::size_t pages_at_once = 2;              // being computed; a page that was given up counts until it ends
    std::size_t probes_at_once = 2;
    std::chrono::milliseconds idle{30'000};   // between two requests
    std::chrono::milliseconds head{10'000};   // from the first octet of a request to the end of its head
    std::chrono::milliseconds slot{5'000};    // until a page may be begun
    std::chrono::milliseconds whole{30'000};  // from the first octet to the last one of the answer
};

struct server_settings {
    io::host_port at;
    server_limits limits;
};

class http_server {
public:
    http_server(io::io_runtime& runtime, server_settings settings, responder& pages, const base::wall_clock& clock);
    ~http_server();
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    // Errors: io::errc::bad_address, also for an address that is not loopback; the system's.
    [[nodiscard]] result<boost::asio::ip::tcp::endpoint> open();
    // No new connections; those between two requests end at once, the others with their answer or at `drain_until`.
    void drain(io::clock::time_point drain_until);

private:
    struct session;
    io::awaitable<void> serve(io::stream peer);
    io::awaitable<bool> serve_one(session& one);
    io::awaitable<result<std::string>> receive(session& one);
    io::awaitable<response> answer(session& one, request asked);
    io::awaitable<result<response>> compute(request asked, effort needed, io::clock::time_point until);
    io::awaitable<bool> send(session& one, const response& what, method verb, persistence after);

    io::io_runtime& runtime_;
    const server_settings settings_;
    responder& pages_;
    const base::wall_clock& clock_;
    std::shared_ptr<io::slots> page_slots_, probe_slots_;  // also held by the work that has one
    std::atomic<bool> draining_{false};
    io::session_list<session> sessions_{obs::gauge::http_connections_open};
    io::listener listener_;  // last: its connections use all of the above
};
}
