// Gives the mails of a folder to a relay over plain SMTP on loopback, as fast as it takes them: how Postfix gets the
// same sealed bytes as our hospital node made. All mails are read first; each connection sends one mail after the
// other, pipelined.
//   bench_injector PORT DIR COUNT CONNECTIONS SENDER RECIPIENT      mails are used again when COUNT is more than DIR
//   holds
// Prints the instant of its first connection (ns, CLOCK_MONOTONIC); exit 0 when the relay took them all.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace {
std::vector<std::string> mails;  // dot-stuffed, ended by CRLF.CRLF
std::atomic<std::size_t> next_mail{0};
std::atomic<bool> failed{false};

std::string stuffed(const std::string& mail)
{
    std::string wire;
    wire.reserve(mail.size() + 64);
    bool line_start = true;
    for (const char c : mail) {
        if (line_start && c == '.') wire += '.';
        wire += c;
        line_start = c == '\n';
    }
    return wire + (line_start ? ".\r\n" : "\r\n.\r\n");
}

class relay {
public:
    explicit relay(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        good_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    }
    ~relay() { ::close(fd_); }
    relay(const relay&) = delete;
    relay& operator=(const relay&) = delete;

    bool say(std::string_view text)
    {
        while (good_ && !text.empty()) {
            const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            good_ = sent > 0;
            if (good_) text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return good_;
    }

    // Reads one reply; true if it begins with `digit`.
    bool hears(char digit)
    {
        for (;;) {
            for (auto end = in_.find('\n'); end != std::string::npos; end = in_.find('\n')) {
                const std::string line = in_.substr(0, end);
                in_.erase(0, end + 1);
                if (line.size() < 4 || line[3] != '-') return !line.empty() && line[0] == digit;
            }
            std::array<char, 4096> buffer;
            const auto got = good_ ? ::recv(fd_, buffer.data(), buffer.size(), 0) : 0;
            if (got <= 0) return false;
            in_.append(buffer.data(), static_cast<std::size_t>(got));
        }
    }

private:
    int fd_;
    bool good_ = false;
    std::string in_;
};

void send_share(std::uint16_t port, std::size_t count, const std::string& envelope)
{
    relay to(port);
    bool good = to.hears('2') && to.say("EHLO bench.exemple.test\r\n") && to.hears('2');
    for (std::size_t i = next_mail++; good && i < count; i = next_mail++)
        good = to.say(envelope) && to.hears('2') && to.hears('2') && to.hears('3') && to.say(mails[i % mails.size()]) &&
               to.hears('2');
    if (good)
        to.say("QUIT\r\n");
    else
        failed = true;
}
}

int main(int count, char** argument)
{
    if (count != 7) {
        std::cerr << "usage: bench_injector PORT DIR COUNT CONNECTIONS SENDER RECIPIENT\n";
        return 2;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argument[2])) {
        std::ifstream file(entry.path(), std::ios::binary);
        mails.push_back(stuffed(std::string(std::istreambuf_iterator<char>(file), {})));
    }
    if (mails.empty()) return 2;
    const auto port = static_cast<std::uint16_t>(std::stoul(argument[1]));
    const std::size_t wanted = std::stoul(argument[3]);
    const std::string envelope =
        std::string("MAIL FROM:<") + argument[5] + ">\r\nRCPT TO:<" + argument[6] + ">\r\nDATA\r\n";
    std::cout << std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count() << std::endl;
    std::vector<std::thread> threads;
    for (unsigned long i = 0; i < std::stoul(argument[4]); ++i)
        threads.emplace_back([&] { send_share(port, wanted, envelope); });
    for (auto& thread : threads) thread.join();
    return failed ? 1 : 0;
}
