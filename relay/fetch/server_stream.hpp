// relay/fetch/server_stream.hpp: one connection to an IMAP server as libetpan wants it: blocking, on the caller's own
// thread, over the TLS stream of relay/io (design.md §6: Debian's libetpan is GnuTLS without client certificates). What
// comes in passes response_guard first. Every wait ends at the deadline set for the command, or at once after stop().
// Threads: stop() from any, the rest from one that is not the I/O thread. The runtime outlives this. Errors: those of
// relay/io, fetch::errc; after one the stream is of no use but to be closed, and why() keeps the first.
#pragma once

#include <libetpan/mailstream_types.h>

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "relay/fetch/response_guard.hpp"
#include "relay/io/address.hpp"
#include "relay/io/stream.hpp"

namespace relay::fetch {
class server_stream {
public:
    explicit server_stream(io::io_runtime& runtime);
    ~server_stream();
    server_stream(const server_stream&) = delete;
    server_stream& operator=(const server_stream&) = delete;

    [[nodiscard]] result<void> connect(const io::host_port& at);
    // `name`: what the server's certificate must show.
    [[nodiscard]] result<void> start_tls(std::shared_ptr<io::tls_context> context, const std::string& name);
    // Of what is read and written from now on.
    void begin_command(io::clock::duration at_most, const response_limits& limits,
                       continuation plus = continuation::expected);
    // False: the time is over and nothing has come. The stream stays usable.
    [[nodiscard]] result<bool> wait_for_news(io::clock::time_point until);
    void stop();
    void close();  // at once

    [[nodiscard]] const error_code& why() const noexcept { return why_; }
    [[nodiscard]] const std::optional<io::tls_facts>& tls() const noexcept;
    [[nodiscard]] std::string peer_address() const;

    // For libetpan, which owns what it is given and forgets this stream when it closes it.
    [[nodiscard]] mailstream_low* new_driver();
    [[nodiscard]] std::ptrdiff_t read(std::span<char> into) noexcept;
    [[nodiscard]] std::ptrdiff_t write(std::string_view bytes) noexcept;

private:
    struct state;
    template <class T>
    [[nodiscard]] result<T> wait_for(io::awaitable<result<T>> operation);

    std::shared_ptr<state> state_;  // also of a stop() that has not run yet
    response_guard guard_;
    io::clock::time_point deadline_{};
    error_code why_;
};
}
