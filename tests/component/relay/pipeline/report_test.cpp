// The report of a period, from files dropped to figures (domain.md §2, §3, §5).
#include <catch2/catch.hpp>

#include "relay/pipeline/period_report.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
std::chrono::sys_days day(unsigned of_november)
{
    return std::chrono::year(2026) / 11 / std::chrono::day(of_november);
}

const std::string roux = "anne.roux@medecin.example";
const std::string vidal = "paul.vidal@medecin.example";

struct period : tests::house {
    period()
    {
        add_doctor(roux, tests::second_doctor);
        add_doctor(vidal, tests::first_doctor);
    }
    void send_all()
    {
        for (const auto& id : due(100).value()) attempt(id, attempt_end::accepted);
    }
    period_report report(std::string_view now)
    {
        period_report made;
        REQUIRE(store
                    ->read([&](ports::reader& r) {
                        made = build_report(r, day_range{day(20), day(21)}, tests::local(now), tests::paris());
                    })
                    .has_value());
        return made;
    }
};
}

TEST_CASE("a letter accepted for the treating doctor stops the clock", "[report]")
{
    period h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.hl7", tests::mdm_file());
    CHECK(h.report("20261120160000+0100").stays.at(0).standing.state == stay_state::in_progress);
    h.send_all();
    const auto made = h.report("20261210000000+0100");
    REQUIRE(made.stays.size() == 1);
    CHECK(made.stays[0].standing.state == stay_state::met_j0);
    CHECK(made.totals.lag.median.value == std::optional<std::chrono::milliseconds>(50min));
    CHECK_FALSE(made.stays[0].facts.confirmed);
    CHECK(made.totals.j0.numerator == 1);
    CHECK(made.totals.confirmed.denominator == 1);
    CHECK(made.totals.confirmed.numerator == 0);
}

TEST_CASE("a letter to another doctor does not", "[report]")
{
    period h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.hl7",
           tests::mdm_file({.treating_doctor = "", .address = vidal, .rpps = std::string(tests::first_doctor)}));
    h.send_all();
    const auto made = h.report("20261210000000+0100");
    REQUIRE(made.stays.size() == 1);
    CHECK(made.stays[0].standing.state == stay_state::overdue);
    CHECK(made.totals.no_letter.numerator == 0);  // a letter there was
    CHECK(made.totals.j0.numerator == 0);
}

TEST_CASE("a report of the stay counts alone, and not beside a letter", "[report]")
{
    period h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("crh.xml", tests::cda_file({.document = "2.999.7.500.1", .set = "2.999.7.500", .type = "34112-3"}));
    h.send_all();
    CHECK(h.report("20261210000000+0100").stays.at(0).standing.state == stay_state::met_j0);
    h.clock.set(tests::local("20261121100000+0100"));
    h.drop("l.hl7", tests::mdm_file());
    h.send_all();
    const auto made = h.report("20261210000000+0100");
    CHECK(made.stays.at(0).standing.state == stay_state::met_48h);
    CHECK(made.stays.at(0).letters.size() == 2);
}

TEST_CASE("a stay without letter, and a letter without discharge", "[report]")
{
    period h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.hl7", tests::mdm_file({.document = "2.999.7.600.1",
                                     .set = "2.999.7.600",
                                     .visit = "26019999",
                                     .discharge = "",
                                     .control_id = "C9"}));
    const auto made = h.report("20261210000000+0100");
    REQUIRE(made.stays.size() == 1);
    CHECK(made.stays[0].letters.empty());
    CHECK(made.totals.no_letter.numerator == 1);
    CHECK_FALSE(made.totals.lag.median.value.has_value());
    CHECK(made.totals.lag.median.count == 1);
    REQUIRE(made.without_stay.size() == 1);
    CHECK_FALSE(made.without_stay[0].qualifying);
}

TEST_CASE("a cancelled discharge is in no figure", "[report]")
{
    period h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("b.hl7", tests::adt_file({.control_id = "A2", .action = "CANCEL"}));
    CHECK(h.report("20261210000000+0100").totals.discharges == 0);
}
