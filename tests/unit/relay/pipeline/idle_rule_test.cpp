// A mailbox that nobody uses: warned, closed, emptied, each at its limit (domain.md §10 rule 7).
#include <catch2/catch.hpp>

#include "relay/pipeline/idle_rule.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;
using relay::base::instant;

namespace {
const instant used{1'795'000'000s};
constexpr auto day = 24h;
const idle_policy policy;  // 365 days, warned 30 days before
}

TEST_CASE("the state is what was last done", "[idle]")
{
    CHECK(state_of({used, {}, {}}) == mailbox_state::active);
    CHECK(state_of({used, used + 1h, {}}) == mailbox_state::warned);
    CHECK(state_of({used, used + 1h, used + 2h}) == mailbox_state::closed);
}

TEST_CASE("warned 30 days before the year is over, closed at its end", "[idle]")
{
    struct row {
        mailbox_life life;
        instant now;
        idle_step step;
    };
    const mailbox_life active{used, {}, {}};
    const mailbox_life warned{used, used + 335 * day, {}};
    const mailbox_life late{used, used + 400 * day, {}};  // the node was off
    const mailbox_life early{used, used + 100 * day, {}};
    const mailbox_life closed{used, used + 335 * day, used + 365 * day};
    for (const row& tc : {row{active, used, idle_step::none},
                          {active, used - day, idle_step::none},  // a clock behind
                          {active, used + 335 * day - 1ms, idle_step::none},
                          {active, used + 335 * day, idle_step::warn},
                          {active, used + 3650 * day, idle_step::warn},  // never closed without a warning
                          {warned, used + 365 * day - 1ms, idle_step::none},
                          {warned, used + 365 * day, idle_step::close},
                          {late, used + 430 * day - 1ms, idle_step::none},
                          {late, used + 430 * day, idle_step::close},
                          {early, used + 130 * day, idle_step::none},  // the settings gave it longer since
                          {early, used + 365 * day, idle_step::close},
                          {closed, used + 3650 * day, idle_step::none}}) {
        CAPTURE((tc.now - used) / 1ms, static_cast<int>(state_of(tc.life)));
        CHECK(step_of(tc.life, tc.now, policy) == tc.step);
    }
}

TEST_CASE("the day that the warning names is the day of the closing", "[idle]")
{
    const mailbox_life active{used, {}, {}};
    for (const auto warned_at : {used + 335 * day, used + 364 * day, used + 700 * day}) {
        const instant until = closing_at(active, warned_at, policy);
        const mailbox_life warned{used, warned_at, {}};
        CHECK(until - warned_at >= 30 * day);
        CHECK(step_of(warned, until - 1ms, policy) == idle_step::none);
        CHECK(step_of(warned, until, policy) == idle_step::close);
    }
}

TEST_CASE("only a closed mailbox is emptied, when its last mail is as old as a warning", "[idle]")
{
    const mailbox_life closed{used, used + 335 * day, used + 365 * day};
    const instant now = used + 365 * day;
    CHECK(may_empty(closed, now - 30 * day, now, policy));
    CHECK_FALSE(may_empty(closed, now - 30 * day + 1ms, now, policy));
    CHECK_FALSE(may_empty(closed, now + day, now, policy));
    CHECK_FALSE(may_empty({used, used + 335 * day, {}}, used, now, policy));
}

TEST_CASE("a use is written once a day, never backwards, never for a closed mailbox", "[idle]")
{
    CHECK_FALSE(is_new_use({used, {}, {}}, used));
    CHECK_FALSE(is_new_use({used, {}, {}}, used + 24h - 1ms));
    CHECK(is_new_use({used, {}, {}}, used + 24h));
    CHECK_FALSE(is_new_use({used, {}, {}}, used - 48h));
    CHECK_FALSE(is_new_use({used, {}, used + 1h}, used + 48h));
}
