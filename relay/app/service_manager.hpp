// relay/app/service_manager.hpp: tells systemd how the node is: READY, RELOADING, STOPPING, STATUS, WATCHDOG
// (sd_notify(3), sd_watchdog_enabled(3)). One datagram each to the socket named by NOTIFY_SOCKET, a path or, after '@',
// an abstract name. Our own, since it is these sixty lines: libsystemd would bring four libraries into the process for
// the same datagram. Without NOTIFY_SOCKET every call does nothing; a socket that cannot be reached is no failure of
// the node's. Texts are for people and name no patient; what follows a line's end in them is cut. Threads: any, after
// construction.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace relay::app {
class service_manager {
public:
    // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and takes them out of the environment, so that no child
    // speaks for us: before any thread is started.
    service_manager();

    void ready(std::string_view status) const;
    void reloading() const;  // until the next ready()
    void stopping(std::string_view status) const;
    void alive() const;
    // How long the manager waits for alive() before it ends us; nullopt: it does not.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const noexcept { return watchdog_; }

private:
    void send(std::string_view lines, std::string_view status) const;

    std::string socket_;
    std::optional<std::chrono::microseconds> watchdog_;
};
}
