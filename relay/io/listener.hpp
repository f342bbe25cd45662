// relay/io/listener.hpp: accepts TCP connections and runs one coroutine for each, on a strand of its own.
// At most max_connections run at a time; more wait in the kernel's backlog. Threads: all members from any thread, but
// stop() and join() not from the I/O thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

#include "relay/io/address.hpp"
#include "relay/io/stream.hpp"

namespace relay::io {
struct listener_limits {
    std::size_t max_connections = 200;
};

class listener {
public:
    using handler = std::function<awaitable<void>(stream)>;
    listener(asio::any_io_executor executor, handler on_connection, const listener_limits& limits = {});
    ~listener();
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    // Binds and starts to accept. `at` is numeric; port 0 takes a free one. Errors: errc::bad_address, or the system's.
    [[nodiscard]] result<asio::ip::tcp::endpoint> open(const host_port& at);
    [[nodiscard]] asio::ip::tcp::endpoint bound() const;
    [[nodiscard]] std::size_t connections() const;
    void allow(std::size_t max_connections);  // from the next one on; those that run go on
    // No new connections from here on; those that run go on.
    void stop();
    // stop(), wait for the connections until `drain_until`, cancel the rest, wait for those.
    void drain(clock::time_point drain_until);

private:
    struct state;
    std::shared_ptr<state> state_;
};
}
