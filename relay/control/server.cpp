#include "relay/control/server.hpp"

#include <array>
#include <atomic>
#include <thread>

#include <boost/json.hpp>

#include <poll.h>
#include <pwd.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "relay/control/line_socket.hpp"
#include "relay/obs/log.hpp"

namespace relay::control {
namespace json = boost::json;
namespace {
using namespace std::chrono_literals;

error_code last_error()
{
    return {errno, boost::system::system_category()};
}

std::optional<request> read_request(std::string_view line)
{
    error_code bad;
    const json::value parsed = json::parse(line, bad);
    if (bad || !parsed.is_object()) return std::nullopt;
    const auto* command = parsed.get_object().if_contains("command");
    const auto* arguments = parsed.get_object().if_contains("arguments");
    if (command == nullptr || !command->is_string()) return std::nullopt;
    request read{std::string(command->get_string()), {}, {}};
    if (arguments != nullptr && arguments->is_object()) read.arguments = arguments->get_object();
    return read;
}

// SO_PEERCRED: the account that opened the socket; a number where the machine has no name for it.
std::string peer_account(int fd)
{
    ucred who{};
    socklen_t size = sizeof who;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return {};
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> room{};
    if (::getpwuid_r(who.uid, &entry, room.data(), room.size(), &found) == 0 && found != nullptr) return found->pw_name;
    return "uid " + std::to_string(who.uid);
}

std::string write_reply(const reply& answer)
{
    if (answer.ok) return json::serialize(json::object{{"ok", true}, {"result", answer.result}});
    return json::serialize(json::object{{"ok", false}, {"code", answer.code}, {"message", answer.message}});
}
}

struct server::state {
    std::filesystem::path path;
    handler run;
    socket_handle listening;
    socket_handle wake;
    std::thread thread;
    std::atomic<bool> stopping = false;

    void serve();
    void answer(int fd) const;
};

server::server(std::filesystem::path socket, handler run) : state_(std::make_unique<state>())
{
    state_->path = std::move(socket);
    state_->run = std::move(run);
}

server::~server()
{
    stop();
}

result<void> server::start()
{
    state& s = *state_;
    const auto address = address_of(s.path.native());
    if (!address) return boost::system::errc::make_error_code(boost::system::errc::filename_too_long);
    s.listening = socket_handle(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    s.wake = socket_handle(::eventfd(0, EFD_CLOEXEC));
    ::unlink(s.path.c_str());
    const mode_t before = ::umask(0177);
    const int bound = ::bind(s.listening.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
    const error_code why = last_error();
    ::umask(before);
    if (bound != 0) return why;
    if (::listen(s.listening.get(), 16) != 0) return last_error();
    s.thread = std::thread([&s] { s.serve(); });
    return {};
}

void server::stop()
{
    state& s = *state_;
    if (s.stopping.exchange(true) || !s.thread.joinable()) return;
    const std::uint64_t one = 1;
    if (::write(s.wake.get(), &one, sizeof one) == sizeof one) s.thread.join();
    ::unlink(s.path.c_str());
}

void server::state::serve()
{
    while (!stopping) {
        pollfd waits[] = {{listening.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
        if (::poll(waits, 2, -1) <= 0 || (waits[0].revents & POLLIN) == 0) continue;
        const socket_handle peer(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const timeval patience{10, 0};  // a client that stopped reading must not hold the node
        ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (peer.get() >= 0) answer(peer.get());
    }
}

void server::state::answer(int fd) const
{
    const auto line = read_line(fd, 30s);
    if (!line) return;
    auto asked = read_request(*line);
    reply said = failure("BAD_REQUEST", "commande illisible");
    if (asked) {
        asked->actor = peer_account(fd);
        try {
            said = run(*asked);
        } catch (const std::exception&) {
            said = failure("FAILED", "la commande a échoué : voir le journal du service");
        }
        obs::info(obs::event::control_command, "name={} ok={}", asked->command, said.ok);
    }
    (void)write_line(fd, write_reply(said));  // a client that left does not hear the answer
}
}
