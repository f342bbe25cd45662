// The state of a delivery is what its events say, in whatever order and number reports come (domain.md §4).
#include <catch2/catch.hpp>

#include <algorithm>
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

TEST_CASE("an addressee who says that it is not for him leaves the stop, and the cause goes with what arrived",
          "[fold]")
{
    for (const auto after : {kind::report_delivered, kind::displayed, kind::sealed}) {
        auto all = events({kind::routed, kind::attempt_started, kind::accepted, kind::disputed, after});
        const auto view = fold_delivery(all);
        CHECK(view.accepted_at == all[2].at);
        CHECK(view.disputed);
        CHECK(view.why == cause::disputed);
    }
    auto failed = events({kind::routed, kind::attempt_started, kind::accepted, kind::disputed, kind::report_failed});
    failed.back().facts.why = cause::closed;
    CHECK(fold_delivery(failed).state == delivery_state::failed);
    CHECK(fold_delivery(failed).why == cause::closed);
    CHECK(fold_delivery(failed).disputed);
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
                        kind::processed, kind::report_relayed, kind::sealed,           kind::software_rejected,
                        kind::disputed};
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
            const bool can = folds_alone(row.state, row.why, next);
            history.push_back(next);
            const delivery_view whole = fold_delivery(history);
            if (can) {
                ++alone;
                delivery_view moved = view_of_open(row.state, row.why, row.attempts);
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

namespace {
constexpr kind all_reports[] = {kind::report_relayed,    kind::report_delivered, kind::report_delayed, kind::displayed,
                                kind::software_rejected, kind::processed,        kind::report_failed};

// One attempt, whose outcome may be known before, between or after the reports on it.
std::vector<kind> acts_of(kind outcome)
{
    return {kind::held, kind::routed, kind::sealed, kind::attempt_started, outcome};
}

delivery_view fold_kinds(const std::vector<kind>& kinds)
{
    std::vector<event> all;
    for (const kind next : kinds) {
        event e;
        e.at = instant(std::chrono::seconds(all.size()));
        e.kind = next;
        e.facts.why = next == kind::software_rejected ? cause::filing_902 : cause::mailbox_full;
        all.push_back(e);
    }
    return fold_delivery(all);
}

// `reports` in some order, from the start of the attempt on, some of them before its outcome.
std::vector<kind> told(const std::vector<kind>& acts, std::vector<kind> reports, std::minstd_rand& random)
{
    std::shuffle(reports.begin(), reports.end(), random);
    std::vector<kind> all = acts;
    const std::size_t early = random() % (reports.size() + 1);
    const auto split = reports.begin() + static_cast<std::ptrdiff_t>(early);
    all.insert(all.end() - 1, reports.begin(), split);
    all.insert(all.end(), split, reports.end());
    return all;
}
}

TEST_CASE("any order, repetition and delay of the same evidence gives the same state", "[fold]")
{
    const kind outcome = GENERATE(values({kind::accepted, kind::deferred, kind::refused, kind::reply_lost}));
    std::minstd_rand random(7);
    for (unsigned set = 0; set < 1U << std::size(all_reports); ++set) {
        std::vector<kind> reports;
        for (std::size_t n = 0; n < std::size(all_reports); ++n)
            if ((set >> n & 1U) != 0) reports.push_back(all_reports[n]);
        std::vector<kind> in_order = acts_of(outcome);
        in_order.insert(in_order.end(), reports.begin(), reports.end());
        const delivery_view expected = fold_kinds(in_order);
        for (int round = 0; round < 40; ++round) {
            std::vector<kind> again = reports;
            for (std::size_t more = random() % 4; more > 0 && !reports.empty(); --more)
                again.push_back(reports[random() % reports.size()]);
            const delivery_view got = fold_kinds(told(acts_of(outcome), again, random));
            CAPTURE(name(outcome), set, round);
            REQUIRE(name(got.state) == name(expected.state));
            REQUIRE(name(got.why) == name(expected.why));
            REQUIRE(got.disputed == expected.disputed);
            REQUIRE(got.revoked == expected.revoked);
            REQUIRE(got.accepted_at.has_value() == expected.accepted_at.has_value());
            REQUIRE(got.confirmed_at.has_value() == expected.confirmed_at.has_value());
            REQUIRE(got.may_have_arrived == expected.may_have_arrived);
        }
    }
}

TEST_CASE("what sets of reports mean after a 2xx", "[fold]")
{
    struct row {
        std::vector<kind> reports;
        delivery_state state;
        cause why;
        bool revoked, disputed;
    };
    using s = delivery_state;
    const row rows[] = {
        {{}, s::accepted, cause::none, false, false},
        {{kind::report_delayed}, s::accepted, cause::none, false, false},
        {{kind::report_relayed}, s::accepted, cause::none, false, false},
        {{kind::report_delivered}, s::confirmed, cause::none, false, false},
        {{kind::displayed, kind::processed}, s::processed, cause::none, false, false},
        {{kind::software_rejected, kind::displayed}, s::rejected_by_software, cause::filing_902, false, false},
        {{kind::software_rejected, kind::processed}, s::processed, cause::none, false, false},
        {{kind::report_failed}, s::failed, cause::mailbox_full, true, false},
        {{kind::report_failed, kind::report_relayed}, s::failed, cause::mailbox_full, true, false},
        {{kind::report_failed, kind::report_delivered}, s::failed, cause::mailbox_full, true, true},
        {{kind::report_failed, kind::displayed}, s::displayed, cause::none, false, true},
        {{kind::report_failed, kind::software_rejected}, s::rejected_by_software, cause::filing_902, false, true},
    };
    for (const row& tc : rows) {
        std::vector<kind> all = acts_of(kind::accepted);
        all.insert(all.end(), tc.reports.begin(), tc.reports.end());
        const delivery_view got = fold_kinds(all);
        CAPTURE(&tc - rows);
        CHECK(name(got.state) == name(tc.state));
        CHECK(name(got.why) == name(tc.why));
        CHECK(got.revoked == tc.revoked);
        CHECK(got.disputed == tc.disputed);
        CHECK(got.accepted_at.has_value() == (tc.state != s::failed));
    }
}

TEST_CASE("the stop is our 2xx, whatever is said of it later", "[fold]")
{
    const delivery_view read =
        fold_kinds({kind::routed, kind::attempt_started, kind::accepted, kind::report_failed, kind::displayed});
    CHECK(read.accepted_at == instant(std::chrono::seconds(2)));
    const delivery_view lost =
        fold_kinds({kind::routed, kind::attempt_started, kind::reply_lost, kind::displayed, kind::report_delivered});
    CHECK(lost.accepted_at == instant(std::chrono::seconds(3)));  // of the arrival of what proves it
    CHECK(lost.confirmed_at == instant(std::chrono::seconds(3)));
}

TEST_CASE("what was reported on a mail counts no longer once it is tried anew", "[fold]")
{
    std::vector<kind> all = {kind::routed,           kind::attempt_started, kind::accepted,
                             kind::report_delivered, kind::report_failed,   kind::requeued};
    CHECK(fold_kinds(all).state == delivery_state::queued);
    CHECK(fold_kinds(all).revoked);
    CHECK_FALSE(fold_kinds(all).may_have_arrived);
    all.insert(all.end(), {kind::attempt_started, kind::accepted});
    CHECK(fold_kinds(all).state == delivery_state::accepted);
    CHECK(fold_kinds(all).accepted_at == instant(std::chrono::seconds(7)));
    all.insert(all.end(), {kind::processed});
    CHECK(fold_kinds(all).state == delivery_state::processed);
}

TEST_CASE("what a person or a newer version ended is moved by proof of arrival only", "[fold]")
{
    using s = delivery_state;
    const kind end = GENERATE(values({kind::cancelled, kind::superseded, kind::other_channel}));
    const std::vector<kind> acts = {kind::routed, kind::attempt_started, kind::reply_lost, end};
    const s ended = fold_kinds(acts).state;
    CHECK((ended == s::cancelled || ended == s::superseded || ended == s::other_channel));
    for (const kind report : {kind::report_failed, kind::report_delayed}) {
        auto all = acts;
        all.push_back(report);
        CHECK(fold_kinds(all).state == ended);
    }
    auto all = acts;
    all.push_back(kind::report_delivered);
    CHECK(fold_kinds(all).state == s::confirmed);
}
