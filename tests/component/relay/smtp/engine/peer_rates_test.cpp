#include <catch2/catch.hpp>

#include "relay/smtp/engine/peer_rates.hpp"

using namespace relay::smtp;
using namespace std::chrono_literals;

namespace {
const peer_rates::time start{1h};
}

TEST_CASE("connections of one peer: at the limit and one past it", "[smtp][rates]")
{
    peer_limits limits;
    limits.connections = 2;
    peer_rates rates(limits);
    CHECK(rates.opened("a", start) == gate::open);
    CHECK(rates.opened("a", start) == gate::open);
    CHECK(rates.opened("a", start) == gate::shut);
    CHECK(rates.opened("b", start) == gate::open);
    rates.closed("a");
    CHECK(rates.opened("a", start) == gate::open);
}

TEST_CASE("what is counted per minute: at the limit, one past it, and again in the next minute", "[smtp][rates]")
{
    peer_limits limits;
    limits.mails_per_minute = 2;
    limits.unknown_recipients_per_minute = 1;
    limits.refused_logins_per_minute = 0;
    limits.connections_per_minute = 1;
    peer_rates rates(limits);
    CHECK(rates.count("a", rated::mail, start) == gate::open);
    CHECK(rates.count("a", rated::mail, start + 59s) == gate::open);
    CHECK(rates.count("a", rated::mail, start + 59s) == gate::shut);
    CHECK(rates.count("b", rated::mail, start + 59s) == gate::open);
    CHECK(rates.count("a", rated::mail, start + 60s) == gate::open);
    CHECK(rates.count("a", rated::unknown_recipient, start + 60s) == gate::open);
    CHECK(rates.count("a", rated::unknown_recipient, start + 60s) == gate::shut);
    CHECK(rates.count("a", rated::refused_login, start + 60s) == gate::shut);
    CHECK(rates.opened("a", start + 60s) == gate::open);
    rates.closed("a");
    CHECK(rates.opened("a", start + 61s) == gate::shut);
    CHECK(rates.opened("a", start + 120s) == gate::open);
}

TEST_CASE("the memory for peers is bounded: those on top share one place", "[smtp][rates]")
{
    peer_limits limits;
    limits.max_peers = 2;
    limits.mails_per_minute = 1;
    peer_rates rates(limits);
    CHECK(rates.count("a", rated::mail, start) == gate::open);
    CHECK(rates.count("b", rated::mail, start) == gate::open);
    CHECK(rates.count("c", rated::mail, start) == gate::open);
    CHECK(rates.count("d", rated::mail, start) == gate::shut);
    CHECK(rates.peers() == 3);
    CHECK(rates.count("e", rated::mail, start + 60s) == gate::open);  // the old ones made room
    CHECK(rates.peers() <= 3);
}

TEST_CASE("who is one peer", "[smtp][rates]")
{
    CHECK(peer_key("192.0.2.1", "") != peer_key("192.0.2.2", ""));
    CHECK(peer_key("192.0.2.1", "ab") == peer_key("192.0.2.2", "ab"));
    CHECK(peer_key("2001:db8:1:2:3:4:5:6", "") == peer_key("2001:db8:1:2:9::1", ""));
    CHECK(peer_key("2001:db8:1:2:3:4:5:6", "") != peer_key("2001:db8:1:3:3:4:5:6", ""));
    CHECK(peer_key("2001:db8::1", "") == peer_key("2001:db8::2", ""));
    CHECK(peer_key("fd00:0:0:1::5", "") == peer_key("fd00::1:1:1:1:1", ""));
    CHECK(peer_key("fd00::1:1:1:1:1", "") != peer_key("fd00::1", ""));
    CHECK(peer_key("::ffff:192.0.2.1", "") != peer_key("::ffff:192.0.2.2", ""));
}

TEST_CASE("a mail may take its grace and the time of its octets", "[smtp][rates]")
{
    const data_pace pace{10s, 100};
    CHECK(pace.allowed(0) == 10s);
    CHECK(pace.allowed(1000) == 20s);
    CHECK(pace.allowed(1001) == 20'010ms);
}
