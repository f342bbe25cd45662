// Terms of what no frozen day takes with it, and what comes after the end of traces, over a real store (domain.md §10
// rule 7).
#include <catch2/catch.hpp>

#include "purge_fixture.hpp"

using namespace purge_test;
using relay::store::freezing;

TEST_CASE("stays that no day takes with it go at the end of a term of their own", "[period]")
{
    keeping h;
    h.drop("a.hl7", tests::adt_file());
    h.clock.advance(8 * day);
    h.record();
    const std::int32_t of = h.facts().at(0).day;
    h.clock.advance(200 * day);
    REQUIRE(h.store->freeze_day(of, h.clock.now()).value() == freezing::done);
    REQUIRE(h.expire().stays == 1);
    const auto stays = [&] { return h.ask([](ports::reader& r) { return r.stays_after("", 10).size(); }); };
    REQUIRE(stays() == 0);
    const auto goes_after = [&](std::chrono::hours term) {
        h.clock.advance(term);
        CHECK(h.expire().stays == 0);
        h.clock.advance(1ms);
        CHECK(h.expire().stays == 1);
        CHECK(stays() == 0);
        CHECK(h.store->verify_ledger().value() == std::nullopt);
    };
    const tests::discharge_order late{.control_id = "ADT0002", .visit = "26011235"};

    SECTION("come to a day that was frozen before")
    {
        h.drop("b.hl7", tests::adt_file(late));
        REQUIRE(h.facts().empty());
        REQUIRE(stays() == 1);
        goes_after(183 * day);
    }
    SECTION("counted from the last that was heard of it")
    {
        h.drop("b.hl7", tests::adt_file(late));
        h.clock.advance(100 * day);
        auto corrected = late;
        corrected.control_id = "ADT0003";
        corrected.discharge = "20261120141500";
        corrected.action = "UPDATE";
        corrected.event = "Z99";
        corrected.recorded = "20261121080000";
        corrected.original = "A03";
        h.drop("c.hl7", tests::adt_file(corrected));
        REQUIRE(stays() == 1);
        goes_after(183 * day);
    }
    SECTION("never discharged")
    {
        auto admitted = late;
        admitted.event = "A01";
        admitted.discharge.clear();
        h.drop("b.hl7", tests::adt_file(admitted));
        REQUIRE(h.facts().empty());
        REQUIRE(stays() == 1);
        goes_after(183 * day);
    }
    SECTION("not while facts are derived anew: it may have a day")
    {
        h.drop("b.hl7", tests::adt_file(late));
        h.clock.advance(184 * day);
        h.set_basis("");
        CHECK(h.expire().stays == 0);
        h.set_basis("rules");
        CHECK(h.expire().stays == 1);
    }
    SECTION("not while the content of its letter is there")
    {
        h.drop("l.hl7", tests::mdm_file());
        REQUIRE(stays() == 1);
        h.clock.advance(184 * day);
        CHECK(h.expire().stays == 0);
        h.run_all();
        CHECK(h.expire().stays == 1);
        CHECK(h.letters().at(0).details.empty());
    }
}

TEST_CASE("a stay that a correction moves to a live day before its traces went stays with that day", "[period]")
{
    keeping h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.hl7", tests::mdm_file());  // its content keeps the stay
    h.clock.advance(3 * day);
    h.record();
    REQUIRE(h.store->freeze_day(h.facts().at(0).day, h.clock.now()).value() == freezing::done);
    h.drop("b.hl7", tests::adt_file({.control_id = "ADT0002",
                                     .discharge = "20261121100000",
                                     .action = "UPDATE",
                                     .event = "Z99",
                                     .recorded = "20261121120000",
                                     .original = "A03"}));
    h.clock.advance(40 * day);
    h.run_all();
    if (h.facts().empty()) FAIL("the correction did not move the stay");
    CHECK(h.expire().stays == 0);
    CHECK(h.facts().size() == 1);
}

TEST_CASE("of a letter whose traces expired, a repeat for somebody new makes a letter as any other", "[period]")
{
    keeping h;
    h.deliver_and_close();
    h.run_all();
    const std::int32_t of = h.facts().at(0).day;
    h.clock.advance(200 * day);
    h.record();
    REQUIRE(h.store->freeze_day(of, h.clock.now()).value() == freezing::done);
    REQUIRE(h.expire().letters == 1);
    const letter_row hashes = h.letters().at(0);
    REQUIRE(hashes.establishment.empty());

    SECTION("for the same doctor it is known, and nothing is kept of it")
    {
        tests::letter_order order;
        order.control_id = "DEMO000777";
        CHECK(h.drop("again.hl7", tests::mdm_file(order)).what == verdict::accepted);
        CHECK(h.letters().at(0).establishment.empty());
        CHECK(h.letters().at(0).received_at == hashes.received_at);
        CHECK(h.ask([](ports::reader& r) { return r.stays_after("", 10).empty(); }));
    }
    SECTION("for another")
    {
        REQUIRE(h.drop("m.hl7", tests::mdm_file(for_vidal())).what == verdict::accepted);
        const letter_row again = h.letters().at(0);
        CHECK(again.id == hashes.id);
        CHECK(again.document_key == hashes.document_key);
        CHECK(again.version == hashes.version);
        CHECK_FALSE(again.establishment.empty());
        CHECK_FALSE(again.stay.empty());
        CHECK_FALSE(again.details.empty());
        CHECK_FALSE(again.completeness.empty());
        CHECK_FALSE(again.document.empty());
        CHECK(again.received_at == h.clock.now());
        CHECK(again.signed_at.has_value());
        CHECK(h.letter_events(again.id).back().kind == event_kind::letter_received);
        REQUIRE(h.deliveries().size() == 2);
        h.send();
        // Seven days from what was sent now: the doctor of before is no open delivery.
        h.clock.advance(7 * day - 1ms);
        CHECK(h.candidates() == 0);
        h.clock.advance(1ms);
        CHECK(h.run_all().letters == 1);
        h.clock.advance(183 * day);
        const auto gone = h.expire();
        CHECK(gone.stays == 1);
        CHECK(gone.letters == 1);
        CHECK(h.letters().at(0).establishment.empty());
        for (const delivery_row& row : h.deliveries()) CHECK(row.recipient.empty());
        h.clock.advance(1827 * day);
        CHECK(h.expire().keys == 1);
        CHECK(h.letters().empty());
        CHECK(h.store->verify_ledger().value() == std::nullopt);
    }
}

TEST_CASE("answers to submissions are known as long as the keyed hashes", "[period]")
{
    keeping h;
    const auto stays = [&] { return h.ask([](ports::reader& r) { return r.stays_after("", 10).size(); }); };
    h.drop("a.hl7", tests::adt_file({.discharge = "", .event = "A01"}));
    REQUIRE(stays() == 1);
    h.clock.advance(1827 * day);
    CHECK(h.expire().stays == 1);
    h.drop("a.hl7", tests::adt_file({.discharge = "", .event = "A01"}));
    CHECK(stays() == 0);  // the answer of before
    h.clock.advance(1ms);
    h.expire();
    h.drop("a.hl7", tests::adt_file({.discharge = "", .event = "A01"}));
    CHECK(stays() == 1);
}
