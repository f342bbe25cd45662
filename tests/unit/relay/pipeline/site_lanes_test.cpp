// Which domains are one site, and which of them are asked for next.
#include <catch2/catch.hpp>

#include <set>

#include "relay/pipeline/delivery_scheduler.hpp"
#include "relay/pipeline/site_lanes.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
const steady_time start{1h};

std::vector<queue_lane> lanes(std::size_t count, std::int64_t deadline = 0)
{
    std::vector<queue_lane> made;
    for (std::size_t i = 0; i < count; ++i)
        made.push_back({"d" + std::to_string(10 + i) + ".test", instant(std::chrono::milliseconds(deadline)), {}, {}});
    return made;
}

std::vector<due_delivery> rows(std::size_t count)
{
    std::vector<due_delivery> made;
    for (std::size_t i = 0; i < count; ++i) made.push_back({delivery_id::make(), instant(1h)});
    return made;
}
}

TEST_CASE("a domain is looked for once, and again when its time is over", "[scheduler][sites]")
{
    site_lanes sites;
    CHECK(sites.site_of("a.test") == nullptr);
    CHECK(sites.begin_look("a.test", start));
    CHECK_FALSE(sites.begin_look("a.test", start + 1h));  // somebody does already
    CHECK(sites.site_of("a.test") == nullptr);
    CHECK_FALSE(sites.learn("a.test", "mx.op.test:25", start + 60s).has_value());
    REQUIRE(sites.site_of("a.test") != nullptr);
    CHECK(*sites.site_of("a.test") == "mx.op.test:25");
    CHECK_FALSE(sites.begin_look("a.test", start + 60s - 1ms));
    CHECK(sites.begin_look("a.test", start + 60s));
    CHECK(*sites.site_of("a.test") == "mx.op.test:25");  // it stays there meanwhile
    CHECK_FALSE(sites.learn("a.test", "mx.op.test:25", start + 120s).has_value());
    sites.expire();
    CHECK(sites.begin_look("a.test", start + 61s));
    CHECK(sites.learn("a.test", "mx.other.test:25", start + 180s) == "mx.op.test:25");
}

TEST_CASE("names looked for again leave half of the places to new ones", "[scheduler][sites]")
{
    site_lanes sites({.domains = 9, .looking = 2});
    for (const char* old : {"a.test", "b.test"}) {
        CHECK(sites.begin_look(old, start));
        CHECK_FALSE(sites.is_known(old, start));
        (void)sites.learn(old, old, start + 10s);  // it could not be found
        CHECK(sites.is_known(old, start));
        CHECK_FALSE(sites.is_known(old, start + 10s));
    }
    CHECK(sites.begin_look("a.test", start + 10s));
    CHECK_FALSE(sites.begin_look("b.test", start + 10s));
    CHECK(sites.begin_look("new.test", start + 10s));
    CHECK_FALSE(sites.begin_look("newer.test", start + 10s));
    sites.end_look("new.test");  // nobody looks after all
    CHECK(sites.site_of("new.test") == nullptr);
    CHECK(sites.begin_look("newer.test", start + 10s));
    sites.end_look("unknown.test");
    CHECK_FALSE(sites.begin_look("newest.test", start + 10s));
}

TEST_CASE("who looks at once, and what is remembered, is bounded", "[scheduler][sites]")
{
    site_lanes sites({.domains = 3, .looking = 2});
    CHECK(sites.begin_look("a.test", start));
    CHECK(sites.begin_look("b.test", start));
    CHECK_FALSE(sites.begin_look("c.test", start));
    (void)sites.learn("a.test", "mx1:25", start + 60s);
    CHECK(sites.begin_look("c.test", start));
    (void)sites.learn("b.test", "mx1:25", start + 30s);
    (void)sites.learn("c.test", "mx1:25", start + 60s);
    CHECK(sites.begin_look("d.test", start + 30s));  // a fourth: the one whose time is over goes
    CHECK(sites.site_of("b.test") == nullptr);
    CHECK(sites.site_of("a.test") != nullptr);
    CHECK(sites.begin_look("e.test", start + 31s));  // none is over: all go but those that are looked for
    CHECK(sites.site_of("a.test") == nullptr);
    CHECK_FALSE(sites.begin_look("d.test", start + 31s));
}

TEST_CASE("of many domains of one site the soonest is asked for, the others in turn", "[scheduler][sites]")
{
    site_lanes sites({.lanes_a_turn = 3});
    CHECK(sites.choose("mx:25", lanes(3)).size() == 3);
    auto all = lanes(10, 1000);
    all[7].soonest = instant(999ms);
    all[2].soonest.reset();  // only what is tried again
    std::set<std::string> asked;
    for (int turn = 0; turn < 5; ++turn) {
        const auto chosen = sites.choose("mx:25", all);
        REQUIRE(chosen.size() == 3);
        CHECK(chosen[0].domain == all[7].domain);
        for (const auto& one : chosen) asked.insert(one.domain);
        CHECK(asked.size() == std::min<std::size_t>(1 + 2 * (static_cast<std::size_t>(turn) + 1), 10));
    }
    CHECK(asked.size() == 10);
}

TEST_CASE("two domains behind one dead MX wait as one site, a third lives", "[scheduler][sites]")
{
    scheduler_limits limits;
    limits.deliveries = 8;
    delivery_scheduler scheduler(limits);
    site_lanes sites;
    for (const auto& [domain, site] :
         {std::pair{"a.test", "mx.dead:25"}, std::pair{"b.test", "mx.dead:25"}, std::pair{"c.test", "mx.good:25"}})
        (void)sites.learn(domain, site, start + 1h);
    std::map<delivery_id, std::string> of;
    for (const auto* domain : {"a.test", "b.test", "c.test"}) {
        const auto due = rows(20);
        for (const auto& one : due) of[one.id] = domain;
        scheduler.offer(*sites.site_of(domain), due);
    }
    // a.test fails until the site is dead; b.test has not been tried by then more than its share of the slots
    steady_time now = start;
    std::map<std::string, int> tried, lived;
    for (int i = 0; i < 200; ++i, now += 10ms)
        while (const auto next = scheduler.next(now)) {
            const bool good = of[*next] == "c.test";
            ++(good ? lived : tried)[of[*next]];
            (void)scheduler.ended(*next, good ? site_effect::worked : site_effect::unreachable, now);
        }
    const auto facts = scheduler.sites();
    const auto dead =
        std::find_if(facts.begin(), facts.end(), [](const site_facts& one) { return one.site == "mx.dead:25"; });
    REQUIRE(dead != facts.end());
    CHECK(dead->dead);
    CHECK(tried["a.test"] + tried["b.test"] == 4);  // as many as make one site dead, not two
    CHECK(dead->waiting == 36);
    CHECK(lived["c.test"] == 20);
    // b.test moves to a host that lives: what waited there is forgotten, and the store offers it again at the new site
    const auto left = sites.learn("b.test", "mx.good:25", now + 1h);
    REQUIRE(left == "mx.dead:25");
    scheduler.drop_waiting(*left);
    const auto again = rows(5);
    for (const auto& one : again) of[one.id] = "b.test";
    scheduler.offer(*sites.site_of("b.test"), again);
    int moved = 0;
    while (const auto next = scheduler.next(now)) {
        ++moved;
        (void)scheduler.ended(*next, site_effect::worked, now);
    }
    CHECK(moved == 5);
}
