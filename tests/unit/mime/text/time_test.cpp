#include "mime/text/errc.hpp"
#include "mime/text/timestamp.hpp"
#include "mime/text/zone.hpp"

#include <catch2/catch.hpp>

using namespace mime;
using namespace std::chrono_literals;

namespace {
utc_instant utc(std::string_view text)
{
    const auto value = read_timestamp(text);
    REQUIRE(value.has_value());
    const auto zone = find_zone("Etc/UTC");
    REQUIRE(zone.has_value());
    return to_utc(*value, *zone).at;
}

zone paris()
{
    const auto found = find_zone("Europe/Paris");
    REQUIRE(found.has_value());
    return *found;
}

zoned_instant in_paris(std::string_view text)
{
    const auto value = read_timestamp(text);
    REQUIRE(value.has_value());
    return to_utc(*value, paris());
}
}

TEST_CASE("good timestamps are read and written back", "[text][time]")
{
    const auto text = GENERATE(as<std::string>(), "2026", "202611", "20261120", "2026112014", "202611201430",
                               "20261120143005", "20261120143005.123", "20261120143005+0100", "202611201430-0530",
                               "20261120143005.123+1459", "20240229", "2026+0000");
    const auto value = read_timestamp(text);
    REQUIRE(value.has_value());
    CHECK(write_timestamp(*value) == text);
}

TEST_CASE("timestamps say what they hold", "[text][time]")
{
    const auto value = read_timestamp("20261120143005.4567-0130");
    REQUIRE(value.has_value());
    CHECK(value->year == 2026);
    CHECK(value->month == 11);
    CHECK(value->day == 20);
    CHECK(value->hour == 14);
    CHECK(value->minute == 30);
    CHECK(value->second == 5);
    CHECK(value->millisecond == 456);
    CHECK(value->precision == time_precision::fraction);
    CHECK(value->offset == std::chrono::minutes(-90));
    CHECK(read_timestamp("20261120143005.5")->millisecond == 500);
    CHECK(read_timestamp("20261120")->precision == time_precision::day);
    CHECK_FALSE(read_timestamp("20261120")->offset.has_value());
}

TEST_CASE("impossible timestamps are refused", "[text][time]")
{
    const auto text =
        GENERATE(as<std::string>(), "", "202", "20261", "202613", "202600", "20260230", "20250229", "20261100",
                 "2026112024", "202611201460", "20261120143060", "202611201430051", "20261120143005.",
                 "20261120143005.1234567890", "202611201430.5", "20261120+1500", "20261120+0160", "20261120+01",
                 "20261120+01000", "20261120 ", " 20261120", "2026-11-20", "00001120", "20261120Z", "2O261120");
    CAPTURE(text);
    CHECK_FALSE(read_timestamp(text).has_value());
}

TEST_CASE("unknown zones are an error, not a throw", "[text][zone]")
{
    const auto found = find_zone("Europe/Nowhere");
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error() == text_errc::zone_unknown);
    CHECK_FALSE(find_zone("").has_value());
    CHECK(paris().name() == "Europe/Paris");
}

TEST_CASE("wall clocks become instants (domain.md §3 rule 11)", "[text][zone]")
{
    struct row {
        std::string_view local, utc;
        time_ambiguity ambiguity;
    };
    using enum time_ambiguity;
    const auto tc = GENERATE(values<row>({
        {"202611202350", "202611202250", exact},
        {"202610242350", "202610242150", exact},
        {"202610250159", "202610242359", exact},
        {"202610250230", "202610250030", repeated_hour},  // first occurrence
        {"202610250300", "202610250200", exact},
        {"202703280159", "202703280059", exact},
        {"202703280230", "202703280130", missing_hour},  // offset before the change
        {"202703280300", "202703280100", exact},
        {"202610250230+0100", "202610250130", exact},  // an explicit offset wins
        {"202703280230+0200", "202703280030", exact},
        {"20261120143005.250", "20261120133005.250", exact},
    }));
    CAPTURE(tc.local);
    const auto got = in_paris(tc.local);
    CHECK(got.at == utc(tc.utc));
    CHECK(got.ambiguity == tc.ambiguity);
    CHECK(got.detail == time_detail::date_and_time);
}

TEST_CASE("a date alone is a day of the site", "[text][zone]")
{
    const auto got = in_paris("20261120");
    CHECK(got.at == utc("202611192300"));
    CHECK(got.detail == time_detail::date_only);
    CHECK(in_paris("20261120-0500") == got);
}

TEST_CASE("the table of domain.md §3 holds", "[text][zone]")
{
    struct row {
        std::string_view discharge, j0_ends, h48_ends;  // the ends with their offset
    };
    const auto tc = GENERATE(values<row>({
        {"202611202350", "20261121000000+0100", "20261122235000+0100"},
        {"202610242350", "20261025000000+0200", "20261026225000+0100"},
        {"202610250230", "20261026000000+0100", "20261027013000+0100"},
        {"202703271000", "20270328000000+0100", "20270329110000+0200"},
    }));
    const zone where = paris();
    const utc_instant start = in_paris(tc.discharge).at;
    const std::chrono::year_month_day next = std::chrono::sys_days(local_date(start, where)) + std::chrono::days(1);
    CHECK(format_local(start_of_day(next, where), where, local_format::hl7) == tc.j0_ends);
    CHECK(format_local(start + 48h, where, local_format::hl7) == tc.h48_ends);
}

TEST_CASE("days follow the local calendar", "[text][zone]")
{
    using namespace std::chrono;
    CHECK(local_date(utc("202611202259"), paris()) == 2026y / 11 / 20);
    CHECK(local_date(utc("202611202300"), paris()) == 2026y / 11 / 21);
    CHECK(start_of_day(2026y / 10 / 26, paris()) - start_of_day(2026y / 10 / 25, paris()) == 25h);
    CHECK(start_of_day(2027y / 3 / 29, paris()) - start_of_day(2027y / 3 / 28, paris()) == 23h);
    const auto cairo = find_zone("Africa/Cairo");  // changes at midnight: 2026-04-24 begins at 01:00
    REQUIRE(cairo.has_value());
    CHECK(local_date(start_of_day(2026y / 4 / 24, *cairo), *cairo) == 2026y / 4 / 24);
    CHECK(local_date(start_of_day(2026y / 4 / 24, *cairo) - 1ms, *cairo) == 2026y / 4 / 23);
}

TEST_CASE("instants are written for people and machines", "[text][zone]")
{
    const utc_instant at = utc("20261120133005");
    CHECK(format_local(at, paris(), local_format::date_text) == "20/11/2026");
    CHECK(format_local(at, paris(), local_format::date_time_text) == "20/11/2026 14:30");
    CHECK(format_local(at, paris(), local_format::hl7) == "20261120143005+0100");
    CHECK(format_utc(at) == "20261120133005");
    const auto la = find_zone("America/Martinique");
    REQUIRE(la.has_value());
    CHECK(format_local(at, *la, local_format::hl7) == "20261120093005-0400");
}
