// A receiver that discards at once and tells what no Postfix tells: the instant of its last 250, the order of the
// Message-IDs, the bytes as they came. SMTP (RFC 5321) with STARTTLS, a client certificate required, PIPELINING,
// 8BITMIME, SIZE and DSN; a thread per connection, no mail kept unless told. 127.0.0.1 only.
//   bench_receiver CERTIFICATE KEY ANCHORS      prints its port, then answers lines on its standard input:
//     stats        "<mails> <octets> <connections> <ns of the last 250, CLOCK_MONOTONIC>"
//     save DIR     from now on each mail is also written to DIR/<n>.eml; "save" alone stops that
//     ids FILE     writes the Message-ID of each mail so far, one a line, in the order in which they were complete
// Ends when its standard input does.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {
struct totals {
    std::atomic<std::uint64_t> mails{0}, octets{0}, connections{0};
    std::atomic<std::int64_t> last_ns{0};
    std::mutex mutex;
    std::string folder;            // under the mutex
    std::vector<std::string> ids;  // under the mutex
};
totals all;

std::int64_t now_ns()
{
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

constexpr std::size_t most_header_octets = 8192;

// Unfolded names of a header field stand at the begin of a line; ours and Postfix's are written like this.
std::string message_id(std::string_view head)
{
    static constexpr std::string_view name = "\r\nMessage-ID:";
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    };
    const auto at = std::search(head.begin(), head.end(), name.begin(), name.end(), same);
    if (at == head.end()) return {};
    const std::string_view rest = head.substr(static_cast<std::size_t>(at - head.begin()) + name.size());
    const auto from = rest.find('<');
    const auto to = rest.find('>');
    return from < to && to != std::string_view::npos ? std::string(rest.substr(from + 1, to - from - 1))
                                                     : std::string();
}

class session {
public:
    session(int fd, SSL_CTX* context) : fd_(fd), context_(context) {}
    ~session()
    {
        if (tls_ != nullptr) SSL_free(tls_);
        ::close(fd_);
    }
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    void talk()
    {
        reply("220 puits.exemple.test ESMTP\r\n");
        std::string line;
        while (read_line(line) && obey(line)) {
        }
    }

private:
    bool fill()
    {
        if (!flush()) return false;
        const auto room = static_cast<int>(buffer_.size());
        const auto got = tls_ != nullptr ? SSL_read(tls_, buffer_.data(), room)
                                         : static_cast<int>(::recv(fd_, buffer_.data(), buffer_.size(), 0));
        if (got <= 0) return false;
        rest_ = {buffer_.data(), static_cast<std::size_t>(got)};
        return true;
    }

    bool read_line(std::string& line)
    {
        line.clear();
        while (line.size() < 4096) {
            if (rest_.empty() && !fill()) return false;
            const auto end = rest_.find('\n');
            line.append(rest_.substr(0, end == std::string_view::npos ? rest_.size() : end + 1));
            rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
            if (end != std::string_view::npos) return true;
        }
        return false;
    }

    void reply(std::string_view text) { out_ += text; }

    bool flush()
    {
        while (!out_.empty()) {
            const auto size = static_cast<int>(out_.size());
            const auto sent = tls_ != nullptr ? SSL_write(tls_, out_.data(), size)
                                              : static_cast<int>(::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL));
            if (sent <= 0) return false;
            out_.erase(0, static_cast<std::size_t>(sent));
        }
        return true;
    }

    bool obey(std::string_view line)
    {
        const auto is = [line](std::string_view verb) {
            return line.size() >= verb.size() && ::strncasecmp(line.data(), verb.data(), verb.size()) == 0;
        };
        if (is("EHLO")) {
            reply("250-puits.exemple.test\r\n250-SIZE 80000000\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-DSN\r\n");
            reply(tls_ == nullptr ? "250-STARTTLS\r\n250 ENHANCEDSTATUSCODES\r\n" : "250 ENHANCEDSTATUSCODES\r\n");
        } else if (is("STARTTLS") && tls_ == nullptr) {
            reply("220 2.0.0 ready\r\n");
            return flush() && secure();
        } else if (is("MAIL") || is("RCPT")) {
            reply(tls_ != nullptr ? "250 2.1.0 ok\r\n" : "530 5.7.0 STARTTLS first\r\n");
        } else if (is("DATA") && tls_ != nullptr) {
            reply("354 go on\r\n");
            return flush() && take_mail();
        } else if (is("QUIT")) {
            reply("221 2.0.0 bye\r\n");
            flush();
            return false;
        } else if (is("RSET") || is("NOOP")) {
            reply("250 2.0.0 ok\r\n");
        } else {
            reply("502 5.5.1 no\r\n");
        }
        return true;
    }

    bool secure()
    {
        if (!rest_.empty()) return false;  // bytes behind STARTTLS
        tls_ = SSL_new(context_);
        return SSL_set_fd(tls_, fd_) == 1 && SSL_accept(tls_) == 1;
    }

    // Up to CRLF.CRLF, wherever it is cut: the last octets of what came before stay in front of what comes.
    bool take_mail()
    {
        static constexpr std::string_view end = "\r\n.\r\n";
        std::string tail = "\r\n", kept, head = "\r\n";
        std::string folder;
        {
            const std::lock_guard lock(all.mutex);
            folder = all.folder;
        }
        std::uint64_t octets = 0;
        for (;;) {
            if (rest_.empty() && !fill()) return false;
            const std::size_t before = tail.size();
            tail.append(rest_.substr(0, 2 * end.size()));
            std::size_t used = std::string::npos;
            if (const auto at = tail.find(end); at != std::string::npos)
                used = at + end.size() - before;
            else if (const auto inside = rest_.find(end); inside != std::string_view::npos)
                used = inside + end.size();
            const std::string_view part = rest_.substr(0, used == std::string::npos ? rest_.size() : used);
            octets += part.size();
            if (!folder.empty()) kept += part;
            if (head.size() < most_header_octets) head += part.substr(0, most_header_octets - head.size());
            if (used != std::string::npos) {
                rest_.remove_prefix(used);
                break;
            }
            if (rest_.size() >= end.size() - 1)
                tail = rest_.substr(rest_.size() - (end.size() - 1));
            else
                tail =
                    (tail.substr(0, before) + std::string(rest_))
                        .substr(before + rest_.size() > end.size() - 1 ? before + rest_.size() - (end.size() - 1) : 0);
            rest_ = {};
        }
        if (!folder.empty()) {
            kept.resize(kept.size() - 3);
            std::ofstream(folder + "/" + std::to_string(all.mails.load()) + "-" + std::to_string(fd_) + ".eml",
                          std::ios::binary)
                << unstuffed(kept);
        }
        {  // before the 250: what waits for it comes behind
            const std::lock_guard lock(all.mutex);
            all.ids.push_back(message_id(head));
        }
        reply("250 2.0.0 discarded\r\n");
        if (!flush()) return false;
        all.octets += octets;
        ++all.mails;
        all.last_ns = now_ns();
        return true;
    }

    static std::string unstuffed(const std::string& wire)
    {
        std::string mail;
        for (std::size_t at = 0; at < wire.size();) {
            const auto end = std::min(wire.find("\r\n", at), wire.size() - 2) + 2;
            mail += std::string_view(wire).substr(at + (wire[at] == '.' ? 1 : 0), end - at - (wire[at] == '.' ? 1 : 0));
            at = end;
        }
        return mail;
    }

    int fd_;
    SSL_CTX* context_;
    SSL* tls_ = nullptr;
    std::array<char, 64 * 1024> buffer_{};
    std::string_view rest_;
    std::string out_;
};

SSL_CTX* make_context(char** argument)
{
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    static constexpr std::array<unsigned char, 5> name{'b', 'e', 'n', 'c', 'h'};
    SSL_CTX_set_session_id_context(context, name.data(), name.size());
    const bool good = SSL_CTX_use_certificate_chain_file(context, argument[1]) == 1 &&
                      SSL_CTX_use_PrivateKey_file(context, argument[2], SSL_FILETYPE_PEM) == 1 &&
                      SSL_CTX_load_verify_locations(context, argument[3], nullptr) == 1;
    return good ? context : nullptr;
}

void accept_all(int listener, SSL_CTX* context)
{
    for (;;) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ++all.connections;
        std::thread([fd, context] { std::make_unique<session>(fd, context)->talk(); }).detach();
    }
}
}

int main(int count, char** argument)
{
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX* context = count == 4 ? make_context(argument) : nullptr;
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (context == nullptr || ::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
        ::listen(listener, 256) != 0 || ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
        std::cerr << "usage: bench_receiver CERTIFICATE KEY ANCHORS\n";
        return 2;
    }
    std::cout << ntohs(at.sin_port) << std::endl;
    std::thread(accept_all, listener, context).detach();
    for (std::string line; std::getline(std::cin, line);) {
        {
            const std::lock_guard lock(all.mutex);
            if (line.starts_with("save")) all.folder = line.size() > 5 ? line.substr(5) : "";
            if (line.starts_with("ids ")) {
                std::ofstream list(line.substr(4));
                for (const std::string& one : all.ids) list << one << '\n';
            }
        }
        std::cout << all.mails << ' ' << all.octets << ' ' << all.connections << ' ' << all.last_ns << std::endl;
    }
    std::_Exit(0);
}
