// A clock that jumped destroys nothing for a day.
#include <catch2/catch.hpp>

#include "relay/pipeline/clock_guard.hpp"

using relay::base::instant;
using relay::pipeline::clock_guard;
using namespace std::chrono_literals;

namespace {
const instant noon{1'795'000'000s};
const clock_guard::steady_time start{100h};
}

TEST_CASE("the first look believes a clock near the last thing known", "[purge]")
{
    struct row {
        std::chrono::milliseconds since_last;
        bool trusted;
    };
    for (const auto& tc : {row{0ms, true}, row{24h, true}, row{24h + 1ms, false}, row{24h * 183, false}, row{-1h, true},
                           row{-1h - 1ms, false}}) {
        CAPTURE(tc.since_last.count());
        clock_guard guard;
        CHECK(guard.trusts(noon, start, noon - tc.since_last) == tc.trusted);
        CHECK(guard.trusts(noon + 24h - 1ms, start + 24h - 1ms, noon) == tc.trusted);
        CHECK(guard.trusts(noon + 24h, start + 24h, noon));
    }
    clock_guard new_store;
    CHECK(new_store.trusts(noon, start, std::nullopt));
}

TEST_CASE("a jump between two looks is waited out, forward and back", "[purge]")
{
    const std::chrono::milliseconds jumps[] = {1h + 1ms, 24h * 200, -1h - 1ms};
    for (const auto jump : jumps) {
        clock_guard guard;
        CHECK(guard.trusts(noon, start, noon));
        CHECK(guard.trusts(noon + 10min + 59min, start + 10min, noon));  // set right by a little
        const instant wrong = noon + 69min + 10min + jump;
        CHECK_FALSE(guard.trusts(wrong, start + 20min, noon));
        CHECK_FALSE(guard.trusts(wrong + 10min, start + 30min, noon));
        CHECK_FALSE(guard.trusts(wrong + 20min - jump, start + 40min, noon));  // put right: that is a jump too
        CHECK_FALSE(guard.trusts(wrong + 20min - jump + 24h - 1ms, start + 40min + 24h - 1ms, noon));
        CHECK(guard.trusts(wrong + 20min - jump + 24h, start + 40min + 24h, noon));
    }
}
