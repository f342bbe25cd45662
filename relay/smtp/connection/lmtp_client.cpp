#include "relay/smtp/connection/lmtp_client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "relay/base/places.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/smtp/engine/lmtp_engine.hpp"

namespace relay::smtp {
using pipeline::ports::mailbox_reply;
namespace {
using clock = std::chrono::steady_clock;

// A connected, non-blocking socket; every wait ends after `step`.
class local_socket {
public:
    explicit local_socket(const lmtp_settings& to) : step_(to.step)
    {
        sockaddr_storage address{};
        socklen_t length = 0;
        if (!fill(to, address, length)) return;
        fd_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd_ < 0) return;
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), length) == 0) return;
        int failed = errno;
        socklen_t size = sizeof failed;
        if (failed == EINPROGRESS && wait_for(POLLOUT)) ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &failed, &size);
        if (failed != 0) close();
    }
    ~local_socket() { close(); }
    local_socket(const local_socket&) = delete;
    local_socket& operator=(const local_socket&) = delete;

    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    [[nodiscard]] bool write_all(std::string_view bytes) const
    {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent > 0)
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            else if (errno == EINTR || (errno == EAGAIN && wait_for(POLLOUT)))
                continue;
            else
                return false;
        }
        return true;
    }
    // 0: lost, or nothing came in time.
    [[nodiscard]] std::size_t read_some(std::array<char, 4096>& into) const
    {
        for (;;) {
            const ssize_t got = ::recv(fd_, into.data(), into.size(), 0);
            if (got > 0) return static_cast<std::size_t>(got);
            if (got == 0 || (errno != EINTR && (errno != EAGAIN || !wait_for(POLLIN)))) return 0;
        }
    }

private:
    static bool fill(const lmtp_settings& to, sockaddr_storage& address, socklen_t& length)
    {
        if (!to.socket.empty()) {
            auto* local = reinterpret_cast<sockaddr_un*>(&address);
            if (to.socket.size() >= sizeof local->sun_path) return false;
            local->sun_family = AF_UNIX;
            std::memcpy(local->sun_path, to.socket.c_str(), to.socket.size() + 1);
            length = sizeof *local;
            return true;
        }
        auto* four = reinterpret_cast<sockaddr_in*>(&address);
        auto* six = reinterpret_cast<sockaddr_in6*>(&address);
        if (::inet_pton(AF_INET, to.host.c_str(), &four->sin_addr) == 1) {
            four->sin_family = AF_INET;
            four->sin_port = htons(to.port);
            length = sizeof *four;
            return true;
        }
        if (::inet_pton(AF_INET6, to.host.c_str(), &six->sin6_addr) != 1) return false;
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(to.port);
        length = sizeof *six;
        return true;
    }
    [[nodiscard]] bool wait_for(short what) const
    {
        const auto until = clock::now() + step_;
        for (;;) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now()).count();
            pollfd one{fd_, what, 0};
            const int ready = ::poll(&one, 1, static_cast<int>(left > 0 ? left : 0));
            if (ready > 0) return true;
            if (ready == 0 || errno != EINTR) return false;
        }
    }
    void close() noexcept
    {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    int fd_ = -1;
    std::chrono::seconds step_;
};

lmtp_outcome talk(const local_socket& peer, lmtp_engine& engine)
{
    std::array<char, 4096> buffer;
    for (lmtp_engine::action next = engine.start();;) {
        if (std::holds_alternative<lmtp_engine::finished>(next)) return engine.outcome();
        if (const auto* out = std::get_if<lmtp_engine::send>(&next)) {
            next = peer.write_all(out->bytes) ? engine.on_sent() : engine.on_lost();
        } else {
            const std::size_t got = peer.read_some(buffer);
            next = got > 0 ? engine.on_received({buffer.data(), got}) : engine.on_lost();
        }
    }
}
}

mailbox_reply lmtp_client::check(std::string_view address)
{
    return deliver("", address, "");
}

mailbox_reply lmtp_client::deliver(std::string_view reverse_path, std::string_view address, std::string_view message)
{
    const base::place mine(running_, settings_.at_once);
    if (!mine) return {};
    const local_socket peer(settings_);
    if (!peer.is_open()) return {};
    lmtp_engine engine(settings_.own_name, std::string(reverse_path), std::string(address), message);
    const lmtp_outcome outcome = talk(peer, engine);
    if (outcome.is_uncertain) obs::add(obs::counter::deliveries_uncertain);
    return {outcome.code, outcome.enhanced_status};
}
}
