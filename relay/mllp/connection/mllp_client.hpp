// relay/mllp/connection/mllp_client.hpp: hands acknowledgements to the hospital's software by MLLP over TLS, one at a
// time on one connection that is kept while it works (mssante.md §3.3, §8.4). The server is always verified; our
// certificate goes along. A connection is not used again after an error, a timeout or a cancellation. Used by one
// coroutine at a time, on one strand.
#pragma once

#include <memory>
#include <string>

#include "relay/io/address.hpp"
#include "relay/io/stream.hpp"
#include "relay/mllp/engine/client_engine.hpp"

namespace relay::mllp {
struct client_settings {
    io::host_port at;
    std::string server_name;               // the name or IP address the server's certificate must show; empty: at.host
    std::shared_ptr<io::tls_context> tls;  // client role
    std::chrono::seconds connect_timeout{30};
    std::chrono::seconds answer_timeout{30};
};

struct exchange {
    enum class end { answered, unreachable, unanswered } how = end::unreachable;
    std::string answer;  // the bytes of the peer's message
    error_code why;      // of unreachable
};

class mllp_client {
public:
    mllp_client(io::io_runtime& runtime, client_settings settings);
    ~mllp_client();
    mllp_client(const mllp_client&) = delete;
    mllp_client& operator=(const mllp_client&) = delete;

    [[nodiscard]] io::awaitable<exchange> send(std::string message);
    void close();
    void use(std::shared_ptr<io::tls_context> tls) { settings_.tls = std::move(tls); }  // from the next connection on

private:
    struct connection;
    io::awaitable<result<std::unique_ptr<connection>>> open();

    io::io_runtime& runtime_;
    client_settings settings_;
    std::unique_ptr<connection> connection_;  // null, or between two messages
};
}
