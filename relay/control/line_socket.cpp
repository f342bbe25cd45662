#include "relay/control/line_socket.hpp"

#include <algorithm>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>

namespace relay::control {
std::optional<sockaddr_un> address_of(std::string_view path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return std::nullopt;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

std::optional<std::string> read_line(int fd, std::chrono::milliseconds limit)
{
    using std::chrono::steady_clock;
    const auto until = steady_clock::now() + limit;  // for the whole line: a byte now and then does not help
    std::string line;
    char buffer[4096];
    for (;;) {
        int left = -1;
        if (limit.count() >= 0) {
            const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
            left = static_cast<int>(std::max<std::int64_t>(0, rest.count()));
        }
        pollfd wait{fd, POLLIN, 0};
        if (::poll(&wait, 1, left) <= 0) return std::nullopt;
        const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) return std::nullopt;
        line.append(buffer, static_cast<std::size_t>(got));
        if (line.size() > max_line_octets) return std::nullopt;
        if (const auto end = line.find('\n'); end != std::string::npos) {
            line.resize(end);
            return line;
        }
    }
}

bool write_line(int fd, std::string line)
{
    line += '\n';
    for (std::size_t sent = 0; sent < line.size();) {
        const ssize_t wrote = ::send(fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
        if (wrote <= 0) return false;
        sent += static_cast<std::size_t>(wrote);
    }
    return true;
}
}
