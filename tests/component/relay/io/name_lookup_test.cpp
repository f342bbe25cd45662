#include <boost/asio.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "relay/io/hosts_file.hpp"
#include "relay/io/name_lookup.hpp"
#include "tests/support/lying_dns.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

using namespace relay;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using tests::dns_lie;

namespace {
// Destroyed in reverse order: names, runtime, server.
struct house {
    explicit house(io::dns_limits limits = {}, int tries = 1)
        : names({{{"127.0.0.1", server.port()}}, 100ms, tries}, limits)
    {
        runtime.start();
    }
    template <class T>
    T run(io::awaitable<T> task)
    {
        return asio::co_spawn(asio::make_strand(runtime.executor()), std::move(task), asio::use_future).get();
    }
    tests::lying_dns server;
    io::io_runtime runtime{1};
    io::name_lookup names;
};
}

TEST_CASE("MX and SRV come as the server says them", "[io][dns]")
{
    house all;
    all.server.mx("mss.test", 10, "mx1.mss.test");
    all.server.mx("mss.test", 20, "MX2.mss.test.");
    all.server.mx("none.test", 0, ".");
    all.server.exists("bare.test");
    all.server.srv("_submission._tcp.mss.test", 0, 5, 587, "out.mss.test");
    all.server.start();
    const auto found = all.run(all.names.mx("mss.test"));
    REQUIRE(found.has_value());
    CHECK(*found == std::vector<io::mx_record>{{10, "mx1.mss.test"}, {20, "mx2.mss.test"}});
    CHECK(*all.run(all.names.mx("none.test")) == std::vector<io::mx_record>{{0, ""}});
    CHECK(all.run(all.names.mx("bare.test"))->empty());
    CHECK(all.run(all.names.mx("nobody.test")).error() == io::errc::name_unknown);
    CHECK(*all.run(all.names.srv("_submission._tcp.mss.test")) ==
          std::vector<io::srv_record>{{0, 5, 587, "out.mss.test"}});
}

TEST_CASE("addresses of both families come in turn, and numeric hosts are not asked for", "[io][dns]")
{
    house all;
    all.server.a("mx.test", "192.0.2.1");
    all.server.a("mx.test", "192.0.2.2");
    all.server.aaaa("mx.test", "2001:db8::1");
    all.server.a("four.test", "192.0.2.4");
    all.server.exists("empty.test");
    all.server.alias("www.test", "four.test");
    all.server.start();
    const auto both = all.run(all.names.addresses("mx.test"));
    REQUIRE(both.has_value());
    REQUIRE(both->all.size() == 3);
    CHECK(both->all[0].to_string() == "2001:db8::1");
    CHECK(both->all[1].to_string() == "192.0.2.1");
    CHECK(both->how == io::reached::directly);
    const auto alias = all.run(all.names.addresses("www.test"));
    REQUIRE(alias.has_value());
    CHECK(alias->how == io::reached::by_alias);
    CHECK(alias->all.front().to_string() == "192.0.2.4");
    CHECK(all.run(all.names.addresses("empty.test")).error() == io::errc::name_unknown);
    CHECK(all.run(all.names.addresses("nobody.test")).error() == io::errc::name_unknown);
    CHECK(all.run(all.names.addresses("127.0.0.7"))->all.front().is_v4());
    CHECK(all.run(all.names.addresses("::1"))->all.front().is_v6());
    CHECK(all.run(all.names.addresses("localhost"))->all.front().is_loopback());  // of /etc/hosts
    CHECK(all.server.asked("localhost", 1) == 0);
}

TEST_CASE("a lie is temporary, never a missing domain", "[io][dns]")
{
    const auto lie = GENERATE(dns_lie::silent, dns_lie::servfail, dns_lie::refused, dns_lie::wrong_id, dns_lie::garbage,
                              dns_lie::alias_loop);
    house all;
    all.server.mx("mss.test", 10, "mx.mss.test");
    all.server.lie("mss.test", lie);
    all.server.start();
    CAPTURE(static_cast<int>(lie));
    CHECK(all.run(all.names.mx("mss.test")).error() == io::errc::name_lookup_failed);
    CHECK(all.run(all.names.addresses("mss.test")).error() == io::errc::name_lookup_failed);
}

TEST_CASE("who did not answer is not asked again at once", "[io][dns]")
{
    const auto lie = GENERATE(dns_lie::silent, dns_lie::servfail, dns_lie::refused);
    house all;
    all.server.lie("mss.test", lie);
    all.server.start();
    CHECK(all.run(all.names.mx("mss.test")).error() == io::errc::name_lookup_failed);
    const auto asked = all.server.asked("mss.test", 15);
    CHECK(asked > 0);
    CHECK(all.run(all.names.mx("mss.test")).error() == io::errc::name_lookup_failed);
    CHECK(all.server.asked("mss.test", 15) == asked);
}

TEST_CASE("records about another name are not believed", "[io][dns]")
{
    house all;
    all.server.mx("mss.test", 10, "mx.mss.test");
    all.server.a("mss.test", "192.0.2.1");
    all.server.lie("mss.test", dns_lie::foreign_records);
    all.server.start();
    CHECK(all.run(all.names.mx("mss.test"))->empty());
    CHECK(all.run(all.names.addresses("mss.test")).error() == io::errc::name_unknown);
}

TEST_CASE("a truncated answer is asked for again by TCP", "[io][dns]")
{
    house all;
    for (std::uint16_t i = 0; i < 40; ++i) all.server.mx("mss.test", i, "mx" + std::to_string(i) + ".mss.test");
    all.server.lie("mss.test", dns_lie::truncated);
    all.server.start();
    CHECK(all.run(all.names.mx("mss.test"))->size() == 40);
    CHECK(all.server.asked_by_tcp() == 1);
}

TEST_CASE("one family that is not answered does not hide the other, nor stand for none", "[io][dns]")
{
    house all;
    all.server.a("half.test", "192.0.2.1");
    all.server.lie("half.test", dns_lie::servfail, 28);
    all.server.exists("dark.test");
    all.server.lie("dark.test", dns_lie::servfail, 1);
    all.server.start();
    CHECK(all.run(all.names.addresses("half.test"))->all.size() == 1);
    CHECK(all.run(all.names.addresses("dark.test")).error() == io::errc::name_lookup_failed);
}

TEST_CASE("answers are kept for their TTL, those without one are not", "[io][dns]")
{
    house all;
    all.server.mx("kept.test", 10, "mx.test", 300);
    all.server.mx("fresh.test", 10, "mx.test", 0);
    all.server.start();
    for (int i = 0; i < 3; ++i) {
        CHECK(all.run(all.names.mx("kept.test")).has_value());
        CHECK(all.run(all.names.mx("fresh.test")).has_value());
        CHECK(all.run(all.names.mx("nobody.test")).has_error());
    }
    CHECK(all.server.asked("kept.test", 15) == 1);
    CHECK(all.server.asked("fresh.test", 15) == 3);
    CHECK(all.server.asked("nobody.test", 15) == 3);
}

TEST_CASE("that there is none is kept as the zone says, and no longer than we do", "[io][dns]")
{
    struct row {
        std::uint32_t ttl, minimum;
        std::chrono::seconds left;  // zero: not kept
    };
    const auto tc = GENERATE(values<row>({{60, 3600, 60s},
                                          {3600, 60, 60s},
                                          {299, 299, 299s},
                                          {300, 300, 300s},
                                          {301, 301, 300s},
                                          {86400, 86400, 300s},
                                          {0, 60, 0s},
                                          {60, 0, 0s}}));
    house all;
    all.server.exists("bare.test");
    all.server.soa("test", tc.ttl, tc.minimum);
    all.server.start();
    CAPTURE(tc.ttl, tc.minimum);
    for (int i = 0; i < 2; ++i) {
        const auto bare = all.run(all.names.ask("bare.test", io::dns_type::mx));
        REQUIRE(bare.has_value());
        CHECK(bare->mx.empty());
        // From the cache it may be a second less.
        CHECK((bare->ttl == tc.left || (i > 0 && bare->ttl == tc.left - 1s)));
        CHECK(all.run(all.names.mx("nobody.test")).error() == io::errc::name_unknown);
        CHECK(all.run(all.names.addresses("bare.test")).error() == io::errc::name_unknown);
    }
    const int questions = tc.left == 0s ? 2 : 1;
    CHECK(all.server.asked("bare.test", 15) == questions);
    CHECK(all.server.asked("nobody.test", 15) == questions);
    CHECK(all.server.asked("bare.test", 1) == questions);
}

TEST_CASE("a hosts file is read again when it changed", "[io][dns]")
{
    const auto file = std::filesystem::temp_directory_path() / ("hosts-" + std::to_string(::getpid()));
    const auto write = [&](std::string_view text, std::chrono::seconds age) {
        std::ofstream(file) << text;
        std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - age);
    };
    write("# local\n192.0.2.1\ta.test  MX.test # mail\nnonsense b.test\n2001:db8::1 a.test\n\n192.0.2.2", 20s);
    io::hosts_file hosts(file);
    REQUIRE(hosts.find("A.test").size() == 2);
    CHECK(hosts.find("a.test")[0].to_string() == "192.0.2.1");
    CHECK(hosts.find("a.test")[1].to_string() == "2001:db8::1");
    CHECK(hosts.find("mx.test").size() == 1);
    for (const auto* none : {"mail", "#", "b.test", "192.0.2.1", ""}) CHECK(hosts.find(none).empty());
    write("192.0.2.9 a.test\n", 10s);
    REQUIRE(hosts.find("a.test").size() == 1);
    CHECK(hosts.find("a.test")[0].to_string() == "192.0.2.9");
    std::filesystem::remove(file);
    CHECK(hosts.find("a.test").empty());
    CHECK(io::hosts_file(file / "absent").find("a.test").empty());
}

TEST_CASE("the cache and the questions under way are bounded", "[io][dns]")
{
    io::dns_limits limits;
    limits.max_cached = 2;
    limits.max_waiting = 1;
    house all(limits);
    for (const char* name : {"a.test", "b.test", "c.test"}) all.server.mx(name, 1, "mx.test");
    all.server.lie("silent.test", dns_lie::silent);
    all.server.start();
    for (const char* name : {"a.test", "b.test", "c.test", "c.test"}) CHECK(all.run(all.names.mx(name)).has_value());
    CHECK(all.server.asked("c.test", 15) == 1);
    CHECK(all.run(all.names.mx("a.test")).has_value());
    CHECK(all.server.asked("a.test", 15) == 2);
    auto strand = asio::make_strand(all.runtime.executor());
    auto first = asio::co_spawn(strand, all.names.mx("silent.test"), asio::use_future);
    while (all.server.asked("silent.test", 15) == 0) std::this_thread::yield();
    CHECK(all.run(all.names.mx("a-second.test")).error() == io::errc::overloaded);
    CHECK(first.get().error() == io::errc::name_lookup_failed);
}

TEST_CASE("what is no name is not asked for", "[io][dns]")
{
    house all;
    all.server.start();
    for (const std::string& bad : {std::string(), std::string("a..b"), std::string(".test"), std::string("a b.test"),
                                   std::string("a\\.b"), std::string(64, 'a') + ".test", std::string(254, 'a')})
        CHECK(all.run(all.names.mx(bad)).error() == io::errc::bad_address);
    CHECK(io::is_dns_name(std::string(63, 'a') + ".test"));
    CHECK_FALSE(io::is_dns_name("a.test."));
}

TEST_CASE("a deadline and the end of the house do not wait for a silent server", "[io][dns]")
{
    auto all = std::make_unique<house>(io::dns_limits(), 20);
    all->server.lie("silent.test", dns_lie::silent);
    all->server.start();
    auto asking = all->names.mx("silent.test");
    CHECK(all->run(io::with_deadline(io::clock::now() + 50ms, std::move(asking))).error() == io::errc::timed_out);
    auto left =
        asio::co_spawn(asio::make_strand(all->runtime.executor()), all->names.mx("silent.test"), asio::use_future);
    while (all->server.asked("silent.test", 15) < 2) std::this_thread::yield();
    const auto start = io::clock::now();
    all.reset();
    CHECK(io::clock::now() - start < 5s);
}

TEST_CASE("a DNS message cut anywhere is an error, never read past its end", "[io][dns]")
{
    using dns = tests::lying_dns;
    const auto header =
        std::string("\x01\x02\x81\x80", 4) + dns::number(1) + dns::number(2) + dns::number(0) + dns::number(0);
    const auto question = dns::wire_name("mss.test") + dns::number(15) + dns::number(1);
    const auto pointer = std::string("\xc0\x0c", 2);
    const auto target = std::string("\x02mx", 3) + pointer;
    const auto record = [&](std::uint16_t preference) {
        return pointer + dns::number(15) + dns::number(1) + dns::number(0) + dns::number(60) + dns::number(7) +
               dns::number(preference) + target;
    };
    const std::string whole = header + question + record(5) + record(6);
    const auto read = io::read_dns_answer(whole, "MSS.test", io::dns_type::mx);
    REQUIRE(read.has_value());
    CHECK(read->mx == std::vector<io::mx_record>{{5, "mx.mss.test"}, {6, "mx.mss.test"}});
    CHECK(read->ttl == 60s);
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        CAPTURE(cut);
        CHECK(io::read_dns_answer(whole.substr(0, cut), "mss.test", io::dns_type::mx).has_error());
    }
    io::dns_limits few;
    few.max_records = 1;
    CHECK(io::read_dns_answer(whole, "mss.test", io::dns_type::mx, few)->mx.size() == 1);
}
