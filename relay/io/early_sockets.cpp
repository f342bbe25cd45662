#include "relay/io/early_sockets.hpp"

#include <map>
#include <mutex>

#include <sys/socket.h>
#include <unistd.h>

#include "relay/io/errc.hpp"

namespace relay::io {
using tcp = boost::asio::ip::tcp;
namespace {
struct bound_sockets {
    std::mutex mutex;
    std::map<tcp::endpoint, int> all;
};

bound_sockets& early()
{
    static bound_sockets one;
    return one;
}
}

result<void> bind_early(const host_port& at)
{
    error_code failed;
    const auto address = boost::asio::ip::make_address(at.host, failed);
    if (failed) return make_error_code(errc::bad_address);
    const tcp::endpoint wanted(address, at.port);
    const int fd = ::socket(wanted.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return error_code(errno, boost::system::system_category());
    const int on = 1;
    if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(fd, wanted.data(), static_cast<socklen_t>(wanted.size())) != 0) {
        const error_code why(errno, boost::system::system_category());
        ::close(fd);
        return why;
    }
    const std::lock_guard lock(early().mutex);
    const auto [place, is_first] = early().all.emplace(wanted, fd);
    if (!is_first) {  // SO_REUSEADDR lets two be bound that do not listen yet
        ::close(fd);
        return error_code(EADDRINUSE, boost::system::system_category());
    }
    return {};
}

std::optional<int> take_early(const tcp::endpoint& at)
{
    const std::lock_guard lock(early().mutex);
    const auto found = early().all.find(at);
    if (found == early().all.end()) return std::nullopt;
    const int fd = found->second;
    early().all.erase(found);
    return fd;
}
}
