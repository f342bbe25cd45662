// relay/control/line_socket.hpp: a connected Unix socket that carries lines; shared by client and server. Internal.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <sys/un.h>
#include <unistd.h>

#include "relay/control/protocol.hpp"

namespace relay::control {
class socket_handle {
public:
    explicit socket_handle(int fd = -1) noexcept : fd_(fd) {}
    socket_handle(socket_handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    socket_handle& operator=(socket_handle&& other) noexcept
    {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~socket_handle()
    {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const noexcept { return fd_; }

private:
    int fd_;
};

// nullopt if the path is too long for sockaddr_un (107 octets).
[[nodiscard]] std::optional<sockaddr_un> address_of(std::string_view path);
// Without its LF; nullopt on time-out (of the whole line), end, or a line over max_line_octets with its LF. A negative
// limit waits for ever.
[[nodiscard]] std::optional<std::string> read_line(int fd, std::chrono::milliseconds limit);
[[nodiscard]] bool write_line(int fd, std::string line);
}
