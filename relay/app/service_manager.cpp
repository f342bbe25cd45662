#include "relay/app/service_manager.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <ctime>

namespace relay::app {
namespace {
std::string taken_out(const char* name)
{
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
    std::string kept = value == nullptr ? "" : value;
    ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
    return kept;
}

std::optional<std::int64_t> number(std::string_view text)
{
    std::int64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
    return value;
}
}

service_manager::service_manager() : socket_(taken_out("NOTIFY_SOCKET"))
{
    const auto microseconds = number(taken_out("WATCHDOG_USEC"));
    const std::string process = taken_out("WATCHDOG_PID");
    if (!microseconds || (!process.empty() && number(process) != ::getpid())) return;
    watchdog_ = std::chrono::microseconds(*microseconds);
}

void service_manager::send(std::string_view lines, std::string_view status) const
{
    sockaddr_un to{};
    if (socket_.size() < 2 || socket_.size() >= sizeof to.sun_path || (socket_[0] != '/' && socket_[0] != '@')) return;
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, socket_.data(), socket_.size());
    if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
    std::string message(lines);
    if (!status.empty()) message += "\nSTATUS=" + std::string(status.substr(0, status.find('\n')));
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    const auto octets = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    (void)::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                   reinterpret_cast<const sockaddr*>(&to), octets);
    ::close(fd);
}

void service_manager::ready(std::string_view text) const
{
    send("READY=1", text);
}

void service_manager::reloading() const
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const std::int64_t microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
    send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds), {});
}

void service_manager::stopping(std::string_view text) const
{
    send("STOPPING=1", text);
}

void service_manager::alive() const
{
    send("WATCHDOG=1", {});
}
}
