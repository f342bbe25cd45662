// relay/control/server.hpp: listens on the control socket and runs commands one after the other on a thread of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "relay/base/result.hpp"
#include "relay/control/protocol.hpp"

namespace relay::control {
class server {
public:
    using handler = std::function<reply(const request&)>;  // may block; what it throws becomes a failure

    server(std::filesystem::path socket, handler run);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    // Replaces a socket left by a dead node: the caller holds the single-instance lock.
    [[nodiscard]] result<void> start();
    void stop();

private:
    struct state;
    std::unique_ptr<state> state_;
};
}
