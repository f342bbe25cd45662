#include <catch2/catch.hpp>

#include "relay/pipeline/load_rule.hpp"

using namespace relay::pipeline;
using enum load_state;

TEST_CASE("a driver goes up at its threshold and comes down well below it", "[load]")
{
    struct row {
        load_state before;
        std::uint32_t percent;
        load_state after;
        load_state slots;  // the driver that never refuses
    };
    const auto tc = GENERATE(values<row>({
        {normal, 0, normal, normal},
        {normal, 74, normal, normal},
        {normal, 75, stressed, stressed},
        {normal, 99, stressed, stressed},
        {normal, 100, refusing, stressed},
        {normal, 1000, refusing, stressed},
        {stressed, 74, stressed, stressed},
        {stressed, 60, stressed, stressed},
        {stressed, 59, normal, normal},
        {stressed, 99, stressed, stressed},
        {stressed, 100, refusing, stressed},
        {refusing, 99, refusing, stressed},
        {refusing, 90, refusing, stressed},
        {refusing, 89, stressed, stressed},
        {refusing, 60, stressed, stressed},
        {refusing, 59, normal, normal},
    }));
    CAPTURE(static_cast<int>(tc.before), tc.percent);
    for (const auto driver : {load_driver::queue, load_driver::disk, load_driver::memory, load_driver::commits})
        CHECK(next_state(driver, tc.before, tc.percent) == tc.after);
    CHECK(next_state(load_driver::slots, tc.before, tc.percent) == tc.slots);
}

TEST_CASE("pressures are of the limits; a limit of nothing is not looked at", "[load]")
{
    CHECK(pressures_of({}) == load_pressures{});
    load_measures some;
    some.connections = 150;
    some.connections_limit = 200;
    some.queue_octets = 5;
    some.queue_octets_limit = 0;
    some.free_octets = 400;
    some.reserve_octets = 100;
    some.memory_octets = 3ULL << 40U;
    some.memory_octets_limit = 1;
    some.commit_microseconds = 1'000'000;
    some.commit_microseconds_limit = 2'000'000;
    CHECK(pressures_of(some) == load_pressures{75, 0, 25, 1000, 50});
    some.free_octets = 100;
    CHECK(pressures_of(some)[2] == 100);  // at the reserve
    some.free_octets = 0;
    CHECK(pressures_of(some)[2] == 1000);
}

TEST_CASE("a node is as loaded as its worst driver", "[load]")
{
    load_level level;
    CHECK(level.update({0, 0, 0, 0, 0}) == normal);
    CHECK(level.update({0, 80, 0, 0, 0}) == stressed);
    CHECK(level.update({0, 80, 120, 0, 0}) == refusing);
    CHECK(level.state(load_driver::queue) == stressed);
    CHECK(level.state(load_driver::disk) == refusing);
    CHECK(level.update({0, 80, 95, 0, 0}) == refusing);
    CHECK(level.update({0, 80, 10, 0, 0}) == stressed);
    CHECK(level.update({200, 10, 10, 0, 0}) == stressed);  // listeners refuse one by one themselves
    CHECK(level.update({0, 10, 10, 0, 0}) == normal);
}
