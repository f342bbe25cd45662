// tests/support/scripted_smtp.hpp: an SMTP peer on loopback that says what it was told, in clear or under TLS from the
// first byte. One connection at a time. A reply may end with "<close>" (FIN) or "<reset>" (RST); a word without a reply
// is answered "250 ok". Keys: "<greeting>", the verb in upper case, "." for the end of DATA. Binds port 0 if none is
// given.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <map>
#include <string>
#include <thread>

namespace tests {
class scripted_smtp {
public:
    using script = std::map<std::string, std::string>;
    scripted_smtp(script said, const std::string& address, std::uint16_t port = 0,
                  boost::asio::ssl::context* tls = nullptr)
        : said_(std::move(said)), tls_(tls), acceptor_(context_, {boost::asio::ip::make_address(address), port})
    {
        thread_ = std::thread([this] { run(); });
    }
    ~scripted_smtp()
    {
        stopping_ = true;
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
        if (const int open = open_.load(); open >= 0) ::shutdown(open, SHUT_RDWR);
        thread_.join();
    }
    scripted_smtp(const scripted_smtp&) = delete;
    scripted_smtp& operator=(const scripted_smtp&) = delete;
    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    [[nodiscard]] int connections() const { return connections_; }
    [[nodiscard]] int resumed() const { return resumed_; }
    [[nodiscard]] int mails() const { return mails_; }

private:
    using socket = boost::asio::ip::tcp::socket;
    enum class next { go_on, end };

    void run()
    {
        while (!stopping_) {
            socket peer(context_);
            boost::system::error_code ec;
            acceptor_.accept(peer, ec);
            if (ec) return;
            open_ = peer.native_handle();
            ++connections_;
            if (tls_ == nullptr) {
                talk(peer, peer);
            } else {
                boost::asio::ssl::stream<socket&> secured(peer, *tls_);
                secured.handshake(boost::asio::ssl::stream_base::server, ec);
                if (!ec && SSL_session_reused(secured.native_handle()) == 1) ++resumed_;
                if (!ec) talk(secured, peer);
            }
            open_ = -1;
        }
    }
    template <class Stream>
    next say(Stream& to, socket& below, const std::string& key)
    {
        const auto found = said_.find(key);
        std::string text = found != said_.end()  ? found->second
                           : key == "<greeting>" ? "220 peer.test\r\n"
                                                 : "250 ok\r\n";
        const bool reset = text.ends_with("<reset>");
        const bool close = text.ends_with("<close>");
        if (reset || close) text.resize(text.size() - 7);
        boost::system::error_code ec;
        boost::asio::write(to, boost::asio::buffer(text), ec);
        if (reset) {
            below.set_option(boost::asio::socket_base::linger(true, 0), ec);
            open_ = -1;
            below.close(ec);
        }
        return reset || close || ec ? next::end : next::go_on;
    }
    template <class Stream>
    void talk(Stream& peer, socket& below)
    {
        if (say(peer, below, "<greeting>") == next::end) return;
        std::string buffer;
        for (;;) {
            boost::system::error_code ec;
            const auto length = boost::asio::read_until(peer, boost::asio::dynamic_buffer(buffer), "\r\n", ec);
            if (ec) return;
            const std::string verb = buffer.substr(0, buffer.find_first_of(" \r"));
            buffer.erase(0, length);
            if (say(peer, below, verb) == next::end) return;
            if (verb != "DATA" || said_.contains("DATA") == false || !said_.at("DATA").starts_with("354")) continue;
            const auto end = boost::asio::read_until(peer, boost::asio::dynamic_buffer(buffer), "\r\n.\r\n", ec);
            if (ec) return;
            ++mails_;
            buffer.erase(0, end);
            if (say(peer, below, ".") == next::end) return;
        }
    }

    script said_;
    boost::asio::ssl::context* tls_;
    boost::asio::io_context context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::atomic<bool> stopping_{false};
    std::atomic<int> open_{-1};
    std::atomic<int> connections_{0};
    std::atomic<int> resumed_{0};
    std::atomic<int> mails_{0};
    std::thread thread_;
};
}
