// Weeks of ISO 8601, and which is due when, in the zone of the group.
#include <catch2/catch.hpp>

#include "relay/pipeline/digest.hpp"
#include "tests/support/site.hpp"

using namespace relay::pipeline;
using namespace std::chrono;
using namespace std::chrono_literals;

namespace {
sys_days on(int y, unsigned m, unsigned d)
{
    return sys_days(year(y) / month(m) / std::chrono::day(d));
}

std::string due(std::string_view at, const mime::zone& where)
{
    const auto week = due_week(tests::local(at), where, 7h);
    return week ? text_of(*week) : "";
}
}

TEST_CASE("weeks by ISO 8601", "[digest]")
{
    struct row {
        sys_days local;
        std::string_view text;
    };
    const auto tc = GENERATE(values<row>({{on(2026, 11, 22), "2026-W47"},
                                          {on(2026, 11, 23), "2026-W48"},
                                          {on(2026, 1, 1), "2026-W01"},
                                          {on(2025, 12, 29), "2026-W01"},
                                          {on(2026, 12, 31), "2026-W53"},
                                          {on(2027, 1, 3), "2026-W53"},
                                          {on(2027, 1, 4), "2027-W01"},
                                          {on(2024, 12, 30), "2025-W01"}}));
    CHECK(text_of(week_of(tc.local)) == tc.text);
    const auto read = read_week(tc.text);
    REQUIRE(read.has_value());
    CHECK(*read == week_of(tc.local));
    CHECK(days_of(*read).from <= tc.local);
    CHECK(tc.local < days_of(*read).to);
}

TEST_CASE("what is no week", "[digest]")
{
    const std::string_view text =
        GENERATE(as<std::string_view>{}, "", "2026-47", "2026-W00", "2026-W54", "2025-W53", "2026-w47", "2026-W4",
                 "2026-W477", "abcd-W01", "2026-Wxx", "-026-W01", "2026-W-1");
    CHECK_FALSE(read_week(text).has_value());
}

TEST_CASE("the week before is due from Monday morning on, in the group's zone", "[digest]")
{
    CHECK(due("20261122235959+0100", tests::paris()) == "2026-W46");  // Sunday: that of last week, if it was not told
    CHECK(due("20261123065959+0100", tests::paris()).empty());
    CHECK(due("20261123070000+0100", tests::paris()) == "2026-W47");
    CHECK(due("20261129235959+0100", tests::paris()) == "2026-W47");
    const auto reunion = mime::find_zone("Indian/Reunion").value();
    CHECK(due("20261123065959+0400", reunion).empty());
    CHECK(due("20261123070000+0400", reunion) == "2026-W47");
    // Clocks go back on Sunday the 25th and forward on Sunday the 28th.
    CHECK(due("20261026065959+0100", tests::paris()).empty());
    CHECK(due("20261026070000+0100", tests::paris()) == "2026-W43");
    CHECK(due("20270329065959+0200", tests::paris()).empty());
    CHECK(due("20270329070000+0200", tests::paris()) == "2027-W12");
}

TEST_CASE("the zone of a group is that of its first site", "[digest]")
{
    const auto reunion = mime::find_zone("Indian/Reunion").value();
    const organisation sites({{"A", "", "SUD", reunion, {}}, {"B", "", "SUD", tests::paris(), {}}});
    CHECK(zone_of_group(sites, "SUD", tests::paris()).name() == "Indian/Reunion");
    CHECK(zone_of_group(sites, "NORD", tests::paris()).name() == tests::paris().name());
}

TEST_CASE("a group without discharges is asked again after a pause, and at once of another week", "[digest]")
{
    const digest_week week{on(2026, 11, 16)}, next{on(2026, 11, 23)};
    const quiet_groups::time_point now{};
    quiet_groups quiet;
    CHECK_FALSE(quiet.is_quiet("GH EST", week, now));
    quiet.keep("GH EST", week, now);
    CHECK(quiet.is_quiet("GH EST", week, now));
    CHECK(quiet.is_quiet("GH EST", week, now + 1h - 1ms));
    CHECK_FALSE(quiet.is_quiet("GH EST", week, now + 1h));
    CHECK_FALSE(quiet.is_quiet("GH EST", next, now));
    CHECK_FALSE(quiet.is_quiet("GH SUD", week, now));
    quiet.keep("GH EST", week, now + 1h);
    CHECK(quiet.is_quiet("GH EST", week, now + 2h - 1ms));
    quiet.keep("GH EST", next, now);
    CHECK_FALSE(quiet.is_quiet("GH EST", week, now));
}
