// Which delivery leaves next: turns, deadlines, paces, and properties that hold whatever happens.
#include <catch2/catch.hpp>

#include <random>

#include "relay/pipeline/delivery_scheduler.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;
using kind = delivery_scheduler::change::kind;

namespace {
const steady_time start{1h};

std::vector<due_delivery> rows(std::size_t count, std::int64_t deadline = 0)
{
    std::vector<due_delivery> made;
    for (std::size_t i = 0; i < count; ++i)
        made.push_back({delivery_id::make(), instant(std::chrono::milliseconds(deadline + std::int64_t(i)))});
    return made;
}

scheduler_limits limits(std::size_t deliveries, std::size_t first_slots = 2)
{
    scheduler_limits made;
    made.deliveries = deliveries;
    made.pace.first_slots = first_slots;
    made.pace.most_slots = deliveries;
    made.window = 8;
    made.stalled = 3 * deliveries;
    return made;
}
}

TEST_CASE("pace: slow start, one more for each success, half on failure but once per cohort", "[scheduler]")
{
    pace_limits given;
    given.most_slots = 8;
    site_pace pace(given);
    CHECK(pace.slots() == 2);
    CHECK(pace.may_start(1, start));
    CHECK_FALSE(pace.may_start(2, start));
    for (std::size_t i = 3; i <= 8; ++i) {
        pace.ended(pace.started(start), site_effect::worked, start);
        CHECK(pace.slots() == i);
    }
    pace.ended(pace.started(start), site_effect::worked, start);
    CHECK(pace.slots() == 8);  // no more than that
    const auto cohort = pace.started(start);
    pace.ended(cohort, site_effect::unreachable, start);
    CHECK(pace.slots() == 4);
    pace.ended(cohort, site_effect::unreachable, start);  // began beside the first
    CHECK(pace.slots() == 4);
    for (int i = 0; i < 3; ++i) pace.ended(pace.started(start), site_effect::worked, start);
    CHECK(pace.slots() == 4);  // slow start is over: one more for a whole round
    pace.ended(pace.started(start), site_effect::worked, start);
    CHECK(pace.slots() == 5);
    CHECK_FALSE(pace.is_dead());
}

TEST_CASE("pace: dead after whole cohorts only, then one probe at a time, further and further apart", "[scheduler]")
{
    pace_limits given;
    given.probe_first = 10s;
    given.probe_most = 30s;
    site_pace pace(given);
    steady_time now = start;
    int failures = 0;
    while (!pace.is_dead()) {
        pace.ended(pace.started(now), site_effect::unreachable, now);
        REQUIRE(++failures < 10);
    }
    CHECK(failures == 4);  // two slots, then one, then one
    for (const auto wait : {10s, 20s, 30s, 30s}) {
        CHECK(pace.slots() == 1);
        CHECK_FALSE(pace.may_start(0, now + wait - 1ms));
        now += wait;
        CHECK(pace.may_start(0, now));
        CHECK_FALSE(pace.may_start(1, now));
        pace.ended(pace.started(now), site_effect::unreachable, now);
    }
    pace.wake(now);
    CHECK(pace.may_start(0, now));
    pace.ended(pace.started(now), site_effect::worked, now);
    CHECK_FALSE(pace.is_dead());
    CHECK(pace.slots() == 2);
}

TEST_CASE("pace: one success keeps a site alive", "[scheduler]")
{
    site_pace pace(pace_limits{});
    for (int i = 0; i < 50; ++i) {
        pace.ended(pace.started(start), site_effect::unreachable, start);
        pace.ended(pace.started(start), site_effect::worked, start);
        CHECK_FALSE(pace.is_dead());
    }
}

TEST_CASE("pace: a push back halves and waits, longer each time, but never kills", "[scheduler]")
{
    pace_limits given;
    given.pause_first = 5s;
    given.pause_most = 12s;
    site_pace pace(given);
    steady_time now = start;
    for (const auto wait : {5s, 10s, 12s, 12s}) {
        pace.ended(pace.started(now), site_effect::pushed_back, now);
        CHECK_FALSE(pace.is_dead());
        CHECK_FALSE(pace.may_start(0, now + wait - 1ms));
        now += wait;
        CHECK(pace.may_start(0, now));
    }
    pace.ended(pace.started(now), site_effect::none, now);  // nothing was sent: nothing is learned
    CHECK(pace.slots() == 1);
}

TEST_CASE("pace: a rate limit is kept", "[scheduler]")
{
    pace_limits given;
    given.gap = 500ms;
    given.first_slots = 10;
    site_pace pace(given);
    CHECK(pace.may_start(0, start));
    (void)pace.started(start);
    CHECK_FALSE(pace.may_start(1, start + 499ms));
    CHECK(pace.may_start(1, start + 500ms));
}

TEST_CASE("the soonest deadline of a site leaves first, and the window keeps the soonest", "[scheduler]")
{
    delivery_scheduler scheduler(limits(4, 4));
    const auto late = rows(8, 1000);
    const auto soon = rows(2, 10);
    scheduler.offer("a", late);
    CHECK_FALSE(scheduler.wants("a", instant(1000ms)));
    CHECK(scheduler.wants("a", instant(10ms)));  // more urgent than all that waits here
    scheduler.offer("a", soon);
    scheduler.offer("a", soon);
    CHECK(scheduler.waiting() == 8);
    CHECK(scheduler.next(start) == soon[0].id);
    CHECK(scheduler.next(start) == soon[1].id);
    CHECK(scheduler.next(start) == late[0].id);
    scheduler.offer("a", soon);  // under way: not taken twice
    CHECK(scheduler.next(start) == late[1].id);
    CHECK_FALSE(scheduler.next(start).has_value());
}

TEST_CASE("sites take turns, and one that stalls leaves room to the others", "[scheduler]")
{
    delivery_scheduler scheduler(limits(4, 4));
    const auto dead = rows(8), live = rows(8);
    scheduler.offer("dead", dead);
    scheduler.offer("live", live);
    std::vector<delivery_id> begun;
    while (const auto next = scheduler.next(start)) begun.push_back(*next);
    CHECK(begun.size() == 4);
    CHECK(scheduler.running_of("dead") == 2);
    CHECK(scheduler.running_of("live") == 2);
    for (const auto& one : live) (void)scheduler.ended(one.id, site_effect::worked, start);
    while (scheduler.next(start)) continue;
    CHECK(scheduler.running_of("dead") + scheduler.running_of("live") == 4);
    CHECK(scheduler.running_of("dead") <= 3);  // never all places
    CHECK(scheduler.running_of("live") >= 1);
    const auto later = scheduler.next_start(start);
    REQUIRE(later.has_value());
    CHECK(*later == start + 5s);  // those under way count as stalled then
    CHECK(scheduler.next(*later).has_value());
}

TEST_CASE("a dropped site is asked for again, a woken one starts at once", "[scheduler]")
{
    delivery_scheduler scheduler(limits(4));
    const auto all = rows(8);
    scheduler.offer("a", all);
    for (int i = 0; i < 4; ++i) {
        const auto next = scheduler.next(start);
        REQUIRE(next.has_value());
        const auto changed = scheduler.ended(*next, site_effect::unreachable, start);
        CHECK(changed.what == (i == 3 ? kind::died : kind::none));
    }
    CHECK_FALSE(scheduler.next(start).has_value());
    REQUIRE(scheduler.next_start(start).has_value());
    scheduler.wake("a", start);
    const auto probe = scheduler.next(start);
    REQUIRE(probe.has_value());
    CHECK(scheduler.ended(*probe, site_effect::worked, start).what == kind::revived);
    scheduler.drop_waiting("a");
    CHECK(scheduler.waiting() == 0);
    CHECK(scheduler.wants("a", std::nullopt));
    CHECK_FALSE(scheduler.next(start).has_value());
    scheduler.offer("a", all);
    CHECK(scheduler.waiting() == 8);
}

TEST_CASE("whatever happens: bounds are kept, nothing starts twice, live sites go on", "[scheduler]")
{
    const auto seed = GENERATE(range(1U, 9U));
    CAPTURE(seed);
    std::minstd_rand random(seed);
    const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
    const std::vector<std::string> names{"dead", "slow", "busy", "live-1", "live-2"};
    scheduler_limits given = limits(4 + pick(12));
    delivery_scheduler scheduler(given);
    std::map<delivery_id, std::size_t> under_way;  // site
    std::set<delivery_id> seen;
    std::vector<std::size_t> begun(names.size());
    steady_time now = start;
    for (int turn = 0; turn < 4000; ++turn) {
        now += std::chrono::milliseconds(pick(200));
        const std::size_t site = pick(names.size());
        scheduler.offer(names[site], rows(pick(12), static_cast<std::int64_t>(pick(1000))));
        while (const auto next = scheduler.next(now)) {
            REQUIRE(seen.insert(*next).second);
            std::size_t of = 0;
            std::size_t total = 0;
            for (const site_facts& one : scheduler.sites()) {
                total += one.running;
                REQUIRE(one.waiting <= given.window);
            }
            REQUIRE(total == scheduler.running());
            // Whose it is shows in who has one more under way.
            for (std::size_t i = 0; i < names.size(); ++i) {
                const auto known = static_cast<std::size_t>(std::count_if(
                    under_way.begin(), under_way.end(), [i](const auto& one) { return one.second == i; }));
                if (scheduler.running_of(names[i]) > known) of = i;
            }
            under_way[*next] = of;
            ++begun[of];
            REQUIRE(scheduler.running() <= given.deliveries + given.stalled);
        }
        for (const site_facts& one : scheduler.sites())
            if (one.site.starts_with("live") && scheduler.running() < given.deliveries && one.waiting > 0) {
                const bool alone_at_its_bound = one.running >= one.slots || one.running + 1 > given.deliveries * 3 / 4;
                REQUIRE(alone_at_its_bound);  // nothing but its own bound holds it
            }
        for (auto one = under_way.begin(); one != under_way.end();) {
            const std::string& name = names[one->second];
            const bool ends = name.starts_with("live") ? pick(2) == 0 : pick(40) == 0;
            if (!ends) {
                ++one;
                continue;
            }
            const site_effect effect = name == "dead" ? site_effect::unreachable
                                       : name == "busy"
                                           ? (pick(3) == 0 ? site_effect::pushed_back : site_effect::worked)
                                           : site_effect::worked;
            (void)scheduler.ended(one->first, effect, now);
            one = under_way.erase(one);
        }
    }
    CHECK(begun[3] > 10 * std::max<std::size_t>(begun[0], 1));
    CHECK(begun[4] > 10 * std::max<std::size_t>(begun[0], 1));
}
