// The state of a delivery is what its events say, in whatever order and number reports come (domain.md §4).
#include <catch2/catch.hpp>

#include <random>

#include "relay/pipeline/delivery_fold.hpp"

using namespace relay::pipeline;
using kind = event_kind;

namespace {
std::vector<event> events(std::initializer_list<kind> kinds)
{
    std::vector<event> all;
    for (const kind next : kinds) {
        event e;
        e.sequence = static_cast<std::int64_t>(all.size()) + 1;
        e.at = instant(std::chrono::seconds(e.sequence));
        e.kind = next;
        all.push_back(e);
    }
    return all;
}
}

TEST_CASE("states by their events", "[fold]")
{
    struct row {
        std::initializer_list<kind> kinds;
        delivery_state state;
    };
    const row rows[] = {
        {{}, delivery_state::received},
        {{kind::held}, delivery_state::held},
        {{kind::held, kind::routed}, delivery_state::queued},
        {{kind::routed, kind::sealed, kind::attempt_started}, delivery_state::sending},
        {{kind::routed, kind::attempt_started, kind::deferred}, delivery_state::deferred},
        {{kind::routed, kind::attempt_started, kind::refused}, delivery_state::failed},
        {{kind::routed, kind::attempt_started, kind::reply_lost}, delivery_state::uncertain},
        {{kind::routed, kind::attempt_started, kind::reply_lost, kind::attempt_started, kind::accepted},
         delivery_state::accepted},
        {{kind::routed, kind::attempt_started, kind::reply_lost, kind::report_delivered}, delivery_state::confirmed},
        {{kind::routed, kind::attempt_started, kind::accepted, kind::report_delivered}, delivery_state::confirmed},
        {{kind::routed, kind::attempt_started, kind::accepted, kind::displayed, kind::report_delivered},
         delivery_state::displayed},
        {{kind::routed, kind::attempt_started, kind::accepted, kind::report_failed}, delivery_state::failed},
        {{kind::routed, kind::attempt_started, kind::accepted, kind::displayed, kind::report_failed},
         delivery_state::displayed},
        {{kind::routed, kind::attempt_started, kind::accepted, kind::software_rejected},
         delivery_state::rejected_by_software},
        {{kind::routed, kind::attempt_started, kind::accepted, kind::deferred}, delivery_state::accepted},
        {{kind::routed, kind::attempt_started, kind::accepted, kind::cancelled}, delivery_state::accepted},
        {{kind::held, kind::undeliverable, kind::routed}, delivery_state::queued},
        {{kind::routed, kind::superseded, kind::requeued}, delivery_state::superseded},
        {{kind::routed, kind::attempt_started, kind::refused, kind::requeued}, delivery_state::queued},
    };
    for (const row& tc : rows) {
        CAPTURE(static_cast<int>(tc.state), tc.kinds.size());
        CHECK(fold_delivery(events(tc.kinds)).state == tc.state);
    }
}

TEST_CASE("the stop is the first acceptance that stands", "[fold]")
{
    auto all = events({kind::routed, kind::attempt_started, kind::accepted, kind::report_delivered});
    CHECK(fold_delivery(all).accepted_at == all[2].at);
    CHECK(fold_delivery(all).confirmed_at == all[3].at);
    all = events({kind::routed, kind::attempt_started, kind::accepted, kind::report_failed, kind::requeued,
                  kind::attempt_started, kind::accepted});
    const auto view = fold_delivery(all);
    CHECK(view.accepted_at == all[6].at);
    CHECK(view.revoked);
    CHECK(view.attempts == 2);
}

TEST_CASE("what may have arrived is known, until somebody says it has not", "[fold]")
{
    struct row {
        std::initializer_list<kind> kinds;
        bool may;
    };
    const row rows[] = {
        {{kind::routed}, false},
        {{kind::routed, kind::attempt_started}, false},
        {{kind::routed, kind::attempt_started, kind::deferred}, false},
        {{kind::routed, kind::attempt_started, kind::refused}, false},
        {{kind::routed, kind::attempt_started, kind::accepted}, true},
        {{kind::routed, kind::attempt_started, kind::reply_lost}, true},
        {{kind::routed, kind::attempt_started, kind::reply_lost, kind::attempt_started, kind::deferred,
          kind::superseded},
         true},
        {{kind::routed, kind::attempt_started, kind::reply_lost, kind::undeliverable}, true},
        {{kind::routed, kind::attempt_started, kind::reply_lost, kind::attempt_started, kind::refused}, false},
        {{kind::routed, kind::attempt_started, kind::accepted, kind::report_failed}, false},
        {{kind::routed, kind::attempt_started, kind::report_relayed}, true},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.kinds.size());
        CHECK(fold_delivery(events(tc.kinds)).may_have_arrived == tc.may);
    }
}

TEST_CASE("the same evidence applied twice changes nothing", "[fold]")
{
    auto all = events({kind::routed, kind::attempt_started, kind::accepted, kind::report_failed, kind::requeued,
                       kind::attempt_started, kind::accepted, kind::report_failed});
    all[3].facts.evidence = all[7].facts.evidence = "report-1";
    CHECK(fold_delivery(all).state == delivery_state::accepted);
    all[7].facts.evidence = "report-2";
    CHECK(fold_delivery(all).state == delivery_state::failed);
}

TEST_CASE("a bounce that overtakes the record of our own 2xx is not undone by it", "[fold]")
{
    const auto view = fold_delivery(events({kind::routed, kind::attempt_started, kind::report_failed, kind::accepted}));
    CHECK(view.state == delivery_state::failed);
    CHECK(view.revoked);
    CHECK_FALSE(view.accepted_at.has_value());
    CHECK(fold_delivery(events({kind::routed, kind::attempt_started, kind::report_failed, kind::accepted,
                                kind::requeued, kind::attempt_started, kind::accepted}))
              .state == delivery_state::accepted);
}

TEST_CASE("a row moved on by what folds alone is what the whole fold gives", "[fold]")
{
    const kind all[] = {kind::held,      kind::routed,         kind::attempt_started,  kind::accepted,
                        kind::deferred,  kind::refused,        kind::reply_lost,       kind::warned,
                        kind::requeued,  kind::undeliverable,  kind::cancelled,        kind::superseded,
                        kind::displayed, kind::report_failed,  kind::report_delivered, kind::other_channel,
                        kind::processed, kind::report_relayed, kind::sealed,           kind::software_rejected};
    const auto seed = GENERATE(range(1U, 5U));
    std::minstd_rand random(seed);
    std::size_t alone = 0;
    for (int round = 0; round < 500; ++round) {
        std::vector<event> history;
        delivery_view row;  // what a delivery's row holds: the members compared below
        for (int step = 0; step < 12; ++step) {
            event next;
            next.at = instant(std::chrono::seconds(step));
            next.kind = all[random() % (random() % 8 == 0 ? std::size(all) : 9)];  // our own acts stand first
            next.facts.why = random() % 2 == 0 ? cause::peer_down : cause::no_mailbox;
            if (random() % 3 == 0) next.facts.evidence = std::to_string(random() % 4);
            const bool can = folds_alone(row.state, next);
            history.push_back(next);
            const delivery_view whole = fold_delivery(history);
            if (can) {
                ++alone;
                delivery_view moved;
                moved.state = row.state;
                moved.why = row.why;
                moved.attempts = row.attempts;
                moved.accepted_at = row.accepted_at;
                moved.confirmed_at = row.confirmed_at;
                apply(moved, next);
                CAPTURE(name(next.kind), name(row.state));
                REQUIRE(moved.state == whole.state);
                REQUIRE(moved.why == whole.why);
                REQUIRE(moved.attempts == whole.attempts);
                REQUIRE(moved.accepted_at == whole.accepted_at);
                REQUIRE(moved.confirmed_at == whole.confirmed_at);
            }
            row = whole;
        }
    }
    CHECK(alone > 1000);
}
