// The facts of stays are kept in the unit of each change and are what the rows give, whatever happens in whatever
// order.
#include <catch2/catch.hpp>

#include <random>

#include "relay/pipeline/period_report.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
const std::string roux = "anne.roux@medecin.example";
constexpr ports::facts_query always{-100'000, 100'000, ""};

struct followed : tests::house {
    organisation sites = tests::two_sites();

    followed()
    {
        add_doctor(roux, tests::second_doctor);
        follow(sites);
    }
    std::vector<stay_facts> kept()
    {
        return ask([](auto& r) {
            std::vector<stay_facts> all;
            r.read_facts(always, [&](const stay_facts& one) { all.push_back(one); });
            return all;
        });
    }
    stay_facts only_facts()
    {
        const auto all = kept();
        REQUIRE(all.size() == 1);
        return all.front();
    }
    // What the rows give now, by another way than the one that keeps them.
    std::vector<stay_facts> derived()
    {
        return ask([&](auto& r) {
            std::vector<stay_facts> all;
            for (const stay_row& stay : r.stays_after("", 1000))
                if (auto one = facts_of(r, stay, sites, tests::paris())) all.push_back(std::move(*one));
            std::sort(all.begin(), all.end(),
                      [](const auto& a, const auto& b) { return std::pair(a.day, a.stay) < std::pair(b.day, b.stay); });
            return all;
        });
    }
};
}

TEST_CASE("facts follow a letter from the discharge to its proof, and back", "[facts]")
{
    followed h;
    h.drop("a.hl7", tests::adt_file());
    CHECK_FALSE(h.only_facts().has_letter);
    CHECK(h.only_facts().site == "NORD");
    CHECK(h.only_facts().group == "GH EST");
    CHECK(h.only_facts().band == hour_band::midday);
    h.drop("l.hl7", tests::mdm_file());
    CHECK(h.only_facts().has_letter);
    CHECK(h.only_facts().recipient_operator == "medecin.example");
    const auto id = h.only().id;
    h.attempt(id, attempt_end::accepted);
    CHECK(h.only_facts().j0_met);
    CHECK(h.only_facts().deliveries.accepted == 1);
    CHECK_FALSE(h.only_facts().confirmed);
    h.tell(id, event_kind::report_delivered);
    CHECK(h.only_facts().confirmed);
    h.tell(id, event_kind::report_failed, cause::mailbox_full);
    CHECK_FALSE(h.only_facts().stop.has_value());
    CHECK(h.only_facts().deliveries.failed == 1);
    CHECK(h.only_facts().deliveries.failures.at(cause::mailbox_full) == 1);
    h.tell(id, event_kind::other_channel);
    CHECK(h.only_facts().other_channel_in_time);
    CHECK(standing_of(h.only_facts(), h.clock.now() + 100h).state == stay_state::closed_other_channel);
    h.drop("b.hl7", tests::adt_file({.control_id = "A2", .action = "CANCEL"}));
    CHECK(h.only_facts().quality == discharge_quality::document);  // what the letter says is all there is
}

TEST_CASE("a first attempt without a usable mailbox is remembered after it was repaired", "[facts]")
{
    followed h;
    h.directory.rows.clear();
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.xml", tests::cda_file());
    CHECK(h.only().state == delivery_state::held);
    CHECK(h.only_facts().no_address == h.only().why);
    CHECK(h.only_facts().no_address != cause::none);
    h.add_doctor(roux, tests::second_doctor);
    REQUIRE(h.intake->route_again().has_value());
    h.attempt(h.only().id, attempt_end::accepted);
    CHECK(h.only_facts().j0_met);
    CHECK(h.only_facts().no_address != cause::none);
}

TEST_CASE("a mailbox refused at the first attempt was no address; a full one was", "[facts]")
{
    struct row {
        cause why, counted;
    };
    const row tc = GENERATE(values<row>(
        {{cause::no_mailbox, cause::no_mailbox}, {cause::closed, cause::closed}, {cause::mailbox_full, cause::none}}));
    followed h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.hl7", tests::mdm_file());
    h.attempt(h.only().id, attempt_end::permanent, 550, tc.why);
    CHECK(h.only_facts().no_address == tc.counted);
    CHECK(h.only_facts().deliveries.failed == 1);
}

TEST_CASE("a service overseas has its own day and its own clock", "[facts]")
{
    followed h;
    auto site = tests::site();
    site.sites = h.sites;
    h.intake = std::make_unique<intake>(h.with(), site, [] {});
    // 21:30 on the island is 18:30 in Paris, the same day; 01:00 there is still the day before here.
    h.drop("a.hl7", tests::adt_file({.discharge = "20261121010000", .recorded = "20261121010500", .unit = "9740"}));
    const auto facts = h.only_facts();
    CHECK(facts.discharge == tests::local("20261120220000+0100"));
    CHECK(facts.day == std::chrono::sys_days(std::chrono::year(2026) / 11 / 21).time_since_epoch().count());
    CHECK(facts.j0_deadline == tests::local("20261121210000+0100"));
    CHECK(facts.band == hour_band::morning);
    CHECK(facts.group == "GH SUD");
}

TEST_CASE("kept facts are derived facts, after anything", "[facts]")
{
    const unsigned seed = GENERATE(range(1U, 9U));
    std::minstd_rand random(seed);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    followed h;
    constexpr event_kind reports[] = {
        event_kind::report_delivered,  event_kind::report_failed, event_kind::displayed, event_kind::processed,
        event_kind::software_rejected, event_kind::other_channel, event_kind::requeued,  event_kind::cancelled};
    int control = 0;
    for (int step = 0; step < 60; ++step) {
        h.clock.set(h.clock.now() + std::chrono::minutes(below(600)));
        const std::string number = std::to_string(below(5));
        const std::string id = "S" + std::to_string(++control);
        switch (below(6)) {
            case 0:
                h.drop(id + ".hl7",
                       tests::adt_file({.control_id = id,
                                        .visit = "2601000" + number,
                                        .discharge = "2026112" + number + "14" + std::to_string(10 + below(40)) + "00",
                                        .action = below(4) == 0 ? "CANCEL" : "INSERT",
                                        .movement = "M" + number,
                                        .recorded = "202611291412" + std::to_string(10 + below(49)),
                                        .patient_class = below(5) == 0 ? "R" : "I",
                                        .unit = below(2) == 0 ? "4410" : "9740"}));
                break;
            case 1:
            case 2:
                h.drop(id + ".hl7", tests::mdm_file({.document = "2.999.7.9" + id.substr(1) + ".1",
                                                     .set = "2.999.7.9" + id.substr(1),
                                                     .type = below(3) == 0 ? "34112-3" : "11490-0",
                                                     .visit = "2601000" + number,
                                                     .discharge = below(2) == 0 ? "" : "20261120141000+0100",
                                                     .control_id = id}));
                break;
            case 3:
                for (const auto& due : h.due(2).value())
                    h.attempt(due, below(4) == 0 ? attempt_end::permanent : attempt_end::accepted, 250,
                              below(2) == 0 ? cause::no_mailbox : cause::content_refused);
                break;
            default: {
                const auto all = h.deliveries();
                if (!all.empty()) h.tell(all[below(static_cast<unsigned>(all.size()))].id, reports[below(8)]);
            }
        }
        REQUIRE(h.kept() == h.derived());
    }
    CHECK(h.kept().size() > 1);
}

TEST_CASE("another organisation makes other facts, once, also after a crash half-way", "[facts]")
{
    followed h;
    for (int n = 0; n < 120; ++n)
        h.drop("a" + std::to_string(n) + ".hl7",
               tests::adt_file({.control_id = "A" + std::to_string(n), .visit = "2602" + std::to_string(1000 + n)}));
    const auto renewed = [&](const facts_keeper& keeper, int steps) {
        return keeper.renew(*h.store, [&] { return steps-- > 0; }).value();
    };
    using renewal = facts_keeper::renewal;
    CHECK(renewed({h.sites, tests::paris()}, 100) == renewal::done);
    CHECK(renewed({h.sites, tests::paris()}, 100) == renewal::not_needed);
    h.sites = organisation({{"SEUL", "", "GH", tests::paris(), {{"4410", ""}}}});
    CHECK(renewed({h.sites, tests::paris()}, 1) == renewal::left);
    CHECK(h.kept() != h.derived());
    CHECK(renewed({h.sites, tests::paris()}, 100) == renewal::done);
    CHECK(h.kept() == h.derived());
    CHECK(h.kept().size() == 120);
}

TEST_CASE("figures of a period are those of its stays", "[facts]")
{
    followed h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("b.hl7", tests::adt_file({.control_id = "A2", .visit = "26011235", .discharge = "20261121090000"}));
    h.drop("l.hl7", tests::mdm_file());
    h.attempt(h.only().id, attempt_end::accepted);
    const auto day = [](unsigned n) { return std::chrono::sys_days(std::chrono::year(2026) / 11 / n); };
    const auto figures = [&](const ports::facts_query& wanted) {
        return h.ask([&](auto& r) { return build_figures(r, wanted, breakdown::day, h.clock.now() + 1000h); });
    };
    CHECK(figures(query_of({day(20), day(22)})).rows.size() == 2);
    CHECK(figures(query_of({day(20), day(22)})).totals.h48.denominator == 2);
    CHECK(figures(query_of({day(20), day(21)})).totals.h48.numerator == 1);
    CHECK(figures(query_of({day(21), day(22)}, "4410")).totals.h48.numerator == 0);
    CHECK(figures(query_of({day(20), day(22)}, "autre")).totals.discharges == 0);
}

TEST_CASE("evidence never waits for the facts", "[facts]")
{
    followed h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.hl7", tests::mdm_file());
    REQUIRE(facts_keeper(h.sites, tests::paris()).renew(*h.store, [] { return true; }).has_value());
    h.store->derive_with([](ports::transaction& tx, const stay_id& stay) {
        tx.remove_facts(stay);  // undone with what follows
        throw std::runtime_error("unreadable");
    });
    h.attempt(h.only().id, attempt_end::accepted);
    CHECK(h.only().state == delivery_state::accepted);
    CHECK_FALSE(h.only_facts().stop.has_value());  // those of before
    h.follow(h.sites);
    CHECK(facts_keeper(h.sites, tests::paris()).renew(*h.store, [] { return true; }).value() ==
          facts_keeper::renewal::done);
    CHECK(h.only_facts().stop.has_value());
}
