// The limits of the server that a socket is needed for, each at it and one past it, and what is counted of them.
// Without TLS, which these limits do not ask about.
#include "relay/obs/metrics.hpp"
#include "smtp_house.hpp"

using namespace tests;
using obs::counter;

namespace {
server_settings clear_server()
{
    server_settings settings;
    settings.at = {"127.0.0.1", 0};
    settings.policy.host_name = "localhost";
    settings.policy.tls = server_tls::not_offered;
    return settings;
}

class plain_peer {
public:
    explicit plain_peer(std::uint16_t port) : socket_(context_)
    {
        socket_.connect({boost::asio::ip::address_v4::loopback(), port});
    }
    // The code of the next reply; 0 at the end of the connection.
    int code()
    {
        boost::system::error_code ended;
        const std::size_t octets = boost::asio::read_until(socket_, boost::asio::dynamic_buffer(read_), "\r\n", ended);
        if (ended) return 0;
        const std::string line = read_.substr(0, octets);
        read_.erase(0, octets);
        return line.at(3) == '-' ? code() : std::stoi(line.substr(0, 3));
    }
    int say(const std::string& line)
    {
        boost::asio::write(socket_, boost::asio::buffer(line + "\r\n"));
        return code();
    }
    std::vector<int> say_each(const std::vector<std::string>& lines)
    {
        std::vector<int> codes;
        for (const std::string& line : lines) codes.push_back(say(line));
        return codes;
    }

private:
    boost::asio::io_context context_;
    boost::asio::ip::tcp::socket socket_;
    std::string read_;
};

// By how much a counter has grown.
class grown {
public:
    explicit grown(counter which) : which_(which), before_(obs::value(which)) {}
    [[nodiscard]] std::uint64_t by() const { return obs::value(which_) - before_; }

private:
    counter which_;
    std::uint64_t before_;
};

const std::string from = "MAIL FROM:<relais@hopital.test>";
const std::string known = "RCPT TO:<medecin@mss.test>";
const std::string unknown = "RCPT TO:<personne@mss.test>";
using codes = std::vector<int>;
}

TEST_CASE("connections at once, of all and of one peer: at the limit and one past it", "[smtp][limits]")
{
    auto settings = clear_server();
    const bool of_one = GENERATE(false, true);
    CAPTURE(of_one);
    if (of_one)
        settings.rates = std::make_shared<peer_rates>(peer_limits{.connections = 2});
    else
        settings.max_connections = 2;
    house all(std::move(settings));
    const grown in(counter::smtp_connections_in);
    const grown refused(counter::smtp_connections_refused);
    plain_peer first(all.port);
    CHECK(first.code() == 220);
    {
        plain_peer second(all.port);
        CHECK(second.code() == 220);
        CHECK(obs::value(obs::gauge::smtp_connections_open) == 2);
        plain_peer third(all.port);
        CHECK(third.code() == 421);
        CHECK(third.code() == 0);
        CHECK(refused.by() == 1);
        CHECK(second.say("QUIT") == 221);
        CHECK(second.code() == 0);
    }
    CHECK(first.say("NOOP") == 250);
    CHECK(in.by() == 3);
    int again = 421;
    for (int tries = 0; again == 421 && tries < 1000; ++tries) again = plain_peer(all.port).code();
    CHECK(again == 220);  // once the server has seen the end of the second
}

TEST_CASE("connections of one peer in a minute: those that ended count too", "[smtp][limits]")
{
    auto settings = clear_server();
    settings.rates = std::make_shared<peer_rates>(peer_limits{.connections_per_minute = 2});
    house all(std::move(settings));
    codes greetings;
    for (int i = 0; i < 3; ++i) greetings.push_back(plain_peer(all.port).code());
    CHECK(greetings == codes{220, 220, 421});
}

TEST_CASE("mails and unknown recipients of one peer in a minute, over its connections", "[smtp][limits]")
{
    auto settings = clear_server();
    settings.rates =
        std::make_shared<peer_rates>(peer_limits{.mails_per_minute = 2, .unknown_recipients_per_minute = 2});
    house all(std::move(settings));
    const grown limited(counter::smtp_rate_limited);
    const grown not_taken(counter::smtp_recipients_refused);
    const grown stored(counter::mails_stored);
    plain_peer one(all.port);
    CHECK(one.code() == 220);
    CHECK(one.say_each({"EHLO a", from, known, "DATA", "Subject: x\r\n\r\ny\r\n."}) == codes{250, 250, 250, 354, 250});
    CHECK(stored.by() == 1);
    plain_peer other(all.port);
    CHECK(other.code() == 220);
    CHECK(other.say_each({"EHLO a", from, unknown, unknown}) == codes{250, 250, 550, 550});
    CHECK(one.say(from) == 450);  // the third mail; the connection stays
    CHECK(one.say("NOOP") == 250);
    CHECK(limited.by() == 1);
    CHECK(other.say(unknown) == 550);
    CHECK(other.code() == 421);
    CHECK(other.code() == 0);
    CHECK(limited.by() == 2);
    CHECK(not_taken.by() == 3);
}

TEST_CASE("a session and a silence end at their limits", "[smtp][limits]")
{
    struct row {
        const char* what;
        std::chrono::seconds session, command, data_block;
        bool in_data;
    };
    const auto tc = GENERATE(values<row>({{"session", 1s, 300s, 180s, false},
                                          {"command", 3600s, 1s, 180s, false},
                                          {"data block", 3600s, 300s, 1s, true}}));
    CAPTURE(tc.what);
    auto settings = clear_server();
    settings.session_limit = tc.session;
    settings.policy.timeouts = {tc.command, tc.data_block};
    house all(std::move(settings));
    const grown slow(counter::smtp_slow_closed);
    plain_peer one(all.port);
    CHECK(one.code() == 220);
    CHECK(one.say("EHLO a") == 250);
    if (tc.in_data) CHECK(one.say_each({from, known, "DATA"}) == codes{250, 250, 354});
    const int last = one.code();
    CHECK((last == 421 || last == 0));  // at the session's own end there is no time left to say it
    if (last == 421) CHECK(one.code() == 0);
    CHECK(all.sink.messages.empty());
    all.server.drain(io::clock::now() + 5s);  // it has counted its sessions
    CHECK(slow.by() == 1);
}

TEST_CASE("what the client counts of its connections", "[smtp][limits]")
{
    house all;
    const grown attempts(counter::delivery_attempts);
    const grown fresh(counter::smtp_connections_out);
    const grown reused(counter::smtp_connections_reused);
    const grown failed(counter::tls_failures);
    REQUIRE(all.deliver(all.hop()).outcome.is_accepted());
    REQUIRE(all.deliver(all.hop()).outcome.is_accepted());
    CHECK(attempts.by() == 2);
    CHECK(fresh.by() == 1);
    CHECK(reused.by() == 1);
    CHECK(failed.by() == 0);
    CHECK_FALSE(all.deliver(all.hop("client", "other")).outcome.is_accepted());
    CHECK(failed.by() > 0);
}
