// Gives the mails of a folder to a relay by SMTP on loopback, as fast as it takes them: how Postfix gets the same
// sealed bytes as our hospital node made, and how a node gets reports. All mails are read first; each connection sends
// one mail after the other, pipelined.
//   bench_injector PORT DIR COUNT CONNECTIONS SENDER RECIPIENT [CERTIFICATE KEY]
// Mails are used again when COUNT is more than DIR holds. With a certificate it goes by STARTTLS and shows that one;
// the relay's is not looked at. Prints the instants of its first connection and of the last reply (ns,
// CLOCK_MONOTONIC); exit 0 when the relay took them all.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
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

struct freed {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
    void operator()(SSL* session) const noexcept { SSL_free(session); }
};
using tls_context = std::unique_ptr<SSL_CTX, freed>;

tls_context context_with(const char* certificate, const char* key)
{
    tls_context made(SSL_CTX_new(TLS_client_method()));
    const bool good = made && SSL_CTX_use_certificate_chain_file(made.get(), certificate) == 1 &&
                      SSL_CTX_use_PrivateKey_file(made.get(), key, SSL_FILETYPE_PEM) == 1;
    if (!good) made.reset();
    return made;
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

    bool start_tls(SSL_CTX* context)
    {
        if (!say("STARTTLS\r\n") || !hears('2')) return false;
        session_.reset(SSL_new(context));
        good_ = session_ && SSL_set_fd(session_.get(), fd_) == 1 && SSL_connect(session_.get()) == 1;
        return good_;
    }

    bool say(std::string_view text)
    {
        while (good_ && !text.empty()) {
            const auto sent = session_ ? SSL_write(session_.get(), text.data(), static_cast<int>(text.size()))
                                       : ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
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
            const auto got = !good_     ? 0
                             : session_ ? SSL_read(session_.get(), buffer.data(), static_cast<int>(buffer.size()))
                                        : ::recv(fd_, buffer.data(), buffer.size(), 0);
            if (got <= 0) return false;
            in_.append(buffer.data(), static_cast<std::size_t>(got));
        }
    }

private:
    int fd_;
    bool good_ = false;
    std::unique_ptr<SSL, freed> session_;
    std::string in_;
};

void send_share(std::uint16_t port, std::size_t count, const std::string& envelope, SSL_CTX* tls)
{
    constexpr std::string_view hello = "EHLO bench.exemple.test\r\n";
    relay to(port);
    bool good = to.hears('2') && to.say(hello) && to.hears('2');
    if (tls != nullptr) good = good && to.start_tls(tls) && to.say(hello) && to.hears('2');
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
    if (count != 7 && count != 9) {
        std::cerr << "usage: bench_injector PORT DIR COUNT CONNECTIONS SENDER RECIPIENT [CERTIFICATE KEY]\n";
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    const tls_context tls = count == 9 ? context_with(argument[7], argument[8]) : nullptr;
    if (count == 9 && !tls) return 2;
    for (const auto& entry : std::filesystem::directory_iterator(argument[2])) {
        std::ifstream file(entry.path(), std::ios::binary);
        mails.push_back(stuffed(std::string(std::istreambuf_iterator<char>(file), {})));
    }
    if (mails.empty()) return 2;
    const auto port = static_cast<std::uint16_t>(std::stoul(argument[1]));
    const std::size_t wanted = std::stoul(argument[3]);
    const std::string envelope =
        std::string("MAIL FROM:<") + argument[5] + ">\r\nRCPT TO:<" + argument[6] + ">\r\nDATA\r\n";
    const auto print_now = [] {
        std::cout << std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count() << std::endl;
    };
    print_now();
    std::vector<std::thread> threads;
    for (unsigned long i = 0; i < std::stoul(argument[4]); ++i)
        threads.emplace_back([&] { send_share(port, wanted, envelope, tls.get()); });
    for (auto& thread : threads) thread.join();
    print_now();
    return failed ? 1 : 0;
}
