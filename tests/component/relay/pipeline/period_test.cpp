// Figures of closed days over a real store (domain.md §5), and the end of traces, after which they are all there is
// (§10 rule 7).
#include <catch2/catch.hpp>

#include "purge_fixture.hpp"
#include "relay/pipeline/version_chain.hpp"

using namespace purge_test;
using relay::store::freezing;

TEST_CASE("a day is closed 48 h after its last discharge; late evidence gives a further revision", "[period]")
{
    keeping h;
    h.deliver();
    REQUIRE(h.facts().size() == 1);
    const instant closes = h.facts()[0].h48_deadline;
    h.clock.set(closes - 1ms);
    h.record();
    CHECK_FALSE(h.standing().closed);
    h.clock.set(closes);
    h.record();
    CHECK(h.standing().closed);
    CHECK(h.standing().revision == 1);
    CHECK(h.standing().at == closes);
    h.record();
    CHECK(h.store_events().size() == 1);
    // What was recorded is what the facts, derived again, give.
    const auto recorded = h.ask([&](ports::reader& r) { return r.retention().last_record(h.facts()[0].day); });
    REQUIRE(recorded);
    CHECK(recorded->counts == record_text(h.facts(), h.clock.now() + 100 * day));
    h.store
        ->write([&](ports::transaction& tx) {
            facts_keeper(tests::site().sites, tests::paris()).keep(tx, h.facts()[0].stay);
        })
        .value();
    h.record();
    CHECK(h.standing().revision == 1);

    h.clock.advance(5 * day);
    h.tell_failure();
    h.record();
    const period_standing now = h.standing();
    CHECK(now.revision == 2);
    CHECK(now.at == h.clock.now());
    REQUIRE(now.changes.size() == 1);
    CHECK(now.changes[0].changes.find("j0 1/1 -> 0/1") != std::string::npos);
    CHECK(h.store_events().back().facts.flags == "day=2026-11-20 revision=2");
    CHECK(h.store->verify_ledger().value() == std::nullopt);
}

TEST_CASE("a day that a later discharge opened again is recorded again once it is closed", "[period]")
{
    keeping h;
    h.drop("a.hl7", tests::adt_file());
    REQUIRE(h.facts().size() == 1);
    const instant closed = h.facts()[0].h48_deadline;
    h.clock.set(closed);
    h.record();
    REQUIRE(h.standing().closed);
    h.drop("b.hl7", tests::adt_file({.control_id = "ADT0002", .visit = "26011235", .discharge = "20261120201000"}));
    REQUIRE(h.facts().size() == 2);
    REQUIRE(h.facts()[0].day == h.facts()[1].day);
    const instant closes = std::max(h.facts()[0].h48_deadline, h.facts()[1].h48_deadline);
    REQUIRE(closes > closed);
    h.clock.set(closes - 1ms);
    h.record();
    CHECK(h.standing().revision == 1);
    h.clock.set(closes);
    h.record();
    CHECK(h.standing().revision == 2);
    CHECK(h.standing().at == closes);
    h.record();
    CHECK(h.standing().revision == 2);
}

TEST_CASE("a day that changed since its record is not frozen before it is recorded again", "[period]")
{
    keeping h;
    h.deliver();
    REQUIRE(h.facts().size() == 1);
    const std::int32_t of = h.facts()[0].day;
    CHECK(h.store->freeze_day(of, h.clock.now()).value() == freezing::refused);  // no record
    h.clock.advance(8 * day);
    h.record();
    h.tell_failure();
    CHECK(h.store->freeze_day(of, h.clock.now()).value() == freezing::refused);
    CHECK(h.facts().size() == 1);
    CHECK(h.store_events().size() == 1);
    h.record();
    CHECK(h.standing().revision == 2);
    h.set_basis("");
    CHECK(h.store->freeze_day(of, h.clock.now()).value() == freezing::refused);
    CHECK(h.facts().size() == 1);
    h.set_basis("other rules");
    CHECK(h.store->freeze_day(of, h.clock.now()).value() == freezing::done);
    CHECK(h.facts().empty());
    CHECK(h.store_events().back().facts.flags == "day=2026-11-20 revision=2");
}

TEST_CASE("a stay whose letter still has its content keeps its traces until that is gone", "[period]")
{
    keeping h;
    h.deliver_and_close();
    const stay_id stay = h.facts().at(0).stay;
    REQUIRE(h.store->freeze_day(h.facts()[0].day, h.clock.now()).value() == freezing::done);
    const auto kept = h.expire();
    CHECK(kept.stays == 0);
    CHECK(kept.letters == 0);
    CHECK(kept.events == 0);
    CHECK(h.ask([&](ports::reader& r) { return r.stay(stay); }));
    CHECK_FALSE(h.letters().front().details.empty());
    REQUIRE(h.run_all().letters == 1);
    const auto gone = h.expire();
    CHECK(gone.stays == 1);
    CHECK(gone.letters == 1);
    CHECK_FALSE(h.ask([&](ports::reader& r) { return r.stay(stay); }));
    CHECK(h.letters().front().details.empty());
}

TEST_CASE("when traces expire the counts stay, hashes still know a repeat, and the chain holds", "[period]")
{
    keeping h;
    h.deliver_and_close();
    h.run_all();
    const auto report = [&] {
        return h.ask([&](ports::reader& r) {
            return build_figures(r, {-100'000, 100'000, ""}, breakdown::service, h.clock.now());
        });
    };
    const broken_down before = report();
    REQUIRE(before.totals.j0.numerator == 1);
    const std::int32_t of = h.facts().at(0).day;
    const stay_id stay = h.facts().at(0).stay;
    const std::size_t events = h.events(h.only().id).size();
    h.clock.advance(200 * day);
    CHECK(h.store->freeze_day(of, h.clock.now()).value() == freezing::refused);  // its content went since
    h.record();
    CHECK(h.store->days_to_freeze(of).value().empty());
    CHECK(h.store->days_to_freeze(of + 1).value() == std::vector{of});
    CHECK(h.store->freeze_day(of, h.clock.now()).value() == freezing::done);
    CHECK(h.store_events().back().kind == event_kind::traces_expired);
    CHECK(h.store_events().back().facts.flags == "day=2026-11-20 revision=1");
    CHECK(h.facts().empty());
    CHECK(h.store->days_to_freeze(of + 1).value().empty());
    const auto gone = h.store->expire_traces(h.clock.now() - 183 * day, h.clock.now() - 1827 * day, 10).value();
    CHECK(gone.stays == 1);
    CHECK(gone.letters == 1);
    CHECK(gone.deliveries == 1);
    CHECK(gone.events > events);
    CHECK_FALSE(gone.more);
    CHECK_FALSE(h.ask([&](ports::reader& r) { return r.stay(stay); }));
    CHECK(h.only().recipient.empty());
    CHECK(h.only().domain.empty());
    CHECK(h.letters().front().details.empty());
    CHECK(h.store->verify_ledger().value() == std::nullopt);
    for (const event& one : h.events(h.only().id)) CHECK(one.facts == event_facts{});

    const broken_down after = report();
    CHECK(after.totals.discharges == before.totals.discharges);
    CHECK(after.totals.j0.numerator == 1);
    CHECK(after.totals.h48.denominator == before.totals.h48.denominator);
    REQUIRE(after.rows.size() == before.rows.size());
    CHECK(after.rows.begin()->first == before.rows.begin()->first);
    CHECK(after.rows.begin()->second.h48.numerator == 1);

    SECTION("the same document again is no second mail")
    {
        tests::letter_order order;
        order.control_id = "DEMO000777";
        h.drop("again.hl7", tests::mdm_file(order));
        CHECK(h.letters().size() == 1);
        CHECK(h.deliveries().size() == 1);
    }
    SECTION("a replacement belongs to its set, and to the mailbox that had the version before")
    {
        h.drop("r.hl7", tests::mdm_file(second_version("DEMO000778")));
        REQUIRE(h.letters().size() == 2);
        CHECK(h.letters()[1].set_key == h.letters()[0].set_key);
        const auto role =
            h.ask([&](ports::reader& r) { return role_of_mail(r, h.vault, h.letters()[1], h.deliveries()[1]); });
        CHECK(role.what == mail_role::kind::replacement);
    }
    SECTION("what comes later about that day does not change its counts")
    {
        h.drop("b.hl7", tests::adt_file());
        CHECK(h.facts().empty());
        CHECK(report().totals.discharges == 1);
    }
    SECTION("after five years the hashes go too")
    {
        h.clock.advance(1827 * day);
        const auto last = h.store->expire_traces(h.clock.now() - 183 * day, h.clock.now() - 1827 * day, 10).value();
        CHECK(last.keys == 1);
        CHECK(h.letters().empty());
        CHECK(h.store->verify_ledger().value() == std::nullopt);
    }
}

TEST_CASE("no day is recorded while the facts are derived anew", "[period]")
{
    keeping h;
    h.drop("a.hl7", tests::adt_file());
    h.clock.advance(8 * day);
    h.set_basis("");
    h.record();
    CHECK_FALSE(h.standing().closed);
    CHECK(h.store_events().empty());
    h.set_basis("rules");
    h.record();
    CHECK(h.standing().closed);
    h.drop("b.hl7", tests::adt_file({.control_id = "ADT0002", .visit = "26011235"}));
    h.set_basis("");
    h.record();
    CHECK(h.standing().revision == 1);
    h.set_basis("rules");
    h.record();
    CHECK(h.standing().revision == 2);
}

TEST_CASE("a hand-over is told once, and counted where the site tells it", "[period]")
{
    keeping h;
    h.drop("a.hl7", tests::adt_file());
    const auto told =
        h.intake->hand_over({{"26011234", h.clock.now()}, {"26011234", h.clock.now()}, {"none", {}}}, "x");
    REQUIRE(told.has_value());
    CHECK(told->done == 1);
    CHECK(told->already == 1);
    CHECK(told->unknown == 1);
    REQUIRE(h.facts().size() == 1);
    CHECK(h.facts()[0].handed_over);
    figures_builder all;
    all.add(h.facts()[0], h.clock.now());
    const period_figures found = all.figures();
    CHECK(found.handed_over.numerator == 1);
    CHECK(found.handed_over.denominator == 1);
}
