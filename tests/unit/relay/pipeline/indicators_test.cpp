// Every formula of domain.md §5, from facts of stays made by hand.
#include <catch2/catch.hpp>

#include "relay/pipeline/indicators.hpp"
#include "tests/support/site.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
const instant much_later = tests::local("20271231000000+0100");

stay_facts stay(std::string_view discharge, std::string_view accepted = "",
                discharge_quality quality = discharge_quality::exact)
{
    stay_facts one;
    one.discharge = tests::local(discharge);
    one.quality = quality;
    one.has_letter = true;
    one.letter_type = "11490-0";
    one.service = "UF01";
    one.day = cohort_of(mime::local_date(one.discharge, tests::paris()));
    std::vector<instant> stops;
    if (!accepted.empty()) stops.push_back(tests::local(accepted));
    static_cast<stay_verdict&>(one) = assess(one, stops, tests::paris());
    return one;
}

period_figures of(const std::vector<stay_facts>& stays, instant now = much_later)
{
    figures_builder all;
    for (const stay_facts& one : stays) all.add(one, now);
    return all.figures();
}

void check(const rate& found, std::int64_t numerator, std::int64_t denominator, std::int64_t pending = 0)
{
    CHECK(found.numerator == numerator);
    CHECK(found.denominator == denominator);
    CHECK(found.pending == pending);
}
}

TEST_CASE("rates leave pending and excluded stays out, never-accepted ones count as infinite lag", "[indicators]")
{
    auto series = stay("20261120100000+0100");
    series.exclusion = "SEANCE";
    const auto all = of({stay("20261120100000+0100", "20261120110000+0100"),
                         stay("20261120100000+0100", "20261121110000+0100"), stay("20261120100000+0100"),
                         stay("20261209230000+0100"),  // J0 just over, 48 h pending
                         series},
                        tests::local("20261210000000+0100"));
    CHECK(all.discharges == 5);
    CHECK(all.eligible == 4);
    CHECK(all.excluded == 1);
    CHECK(all.exclusions.at("SEANCE") == 1);
    check(all.j0, 1, 4);
    check(all.h48, 2, 3, 1);
    CHECK(all.lag.median.count == 3);
    CHECK(all.lag.median.value == std::optional<std::chrono::milliseconds>(25h));
    CHECK_FALSE(all.lag.p95.value.has_value());
}

TEST_CASE("denominator 0 has no rate", "[indicators]")
{
    const auto none = of({});
    CHECK_FALSE(none.j0.value().has_value());
    CHECK_FALSE(none.known_read.value().has_value());
    CHECK(none.lag.median.count == 0);
}

TEST_CASE("letters, addresses, confirmation", "[indicators]")
{
    auto confirmed = stay("20261120100000+0100", "20261120110000+0100");
    confirmed.confirmed = true;
    auto without = stay("20261120100000+0100");
    without.has_letter = false;
    auto nobody = stay("20261120100000+0100");
    nobody.no_address = cause::no_mailbox;
    auto assumed = stay("20261120100000+0100", "20261120120000+0100");
    assumed.doctor_assumed = true;
    assumed.crh_as_letter = true;
    const auto all = of({confirmed, without, nobody, assumed});
    check(all.confirmed, 1, 2);
    check(all.no_letter, 1, 4);
    check(all.no_address, 1, 3);
    CHECK(all.no_address_causes.at(cause::no_mailbox) == 1);
    CHECK(all.doctor_assumed == 1);
    CHECK(all.crh_as_letter == 1);
}

TEST_CASE("another channel within 48 h counts in the any-channel rate alone", "[indicators]")
{
    auto by_fax = stay("20261120100000+0100");
    by_fax.other_channel = by_fax.other_channel_in_time = true;
    auto too_late = stay("20261120100000+0100");
    too_late.other_channel = true;
    const auto all = of({by_fax, too_late, stay("20261120100000+0100", "20261120110000+0100")});
    check(all.h48, 1, 3);
    check(all.any_channel, 2, 3);
    CHECK(standing_of(by_fax, much_later).state == stay_state::closed_other_channel);
}

TEST_CASE("deliveries: refused, filed, read, repeated", "[indicators]")
{
    auto one = stay("20261120100000+0100", "20261120110000+0100");
    one.deliveries = {4, 2, 1, 1, 1, {{cause::no_mailbox, 1}, {cause::too_big, 1}}};
    auto other = stay("20261120100000+0100", "20261120110000+0100");
    other.deliveries = {2, 1, 0, 0, 0, {{cause::no_mailbox, 1}}};
    const auto all = of({one, other});
    check(all.rejected, 3, 9);
    check(all.known_read, 1, 6);
    check(all.filing_refused, 1, 6);
    check(all.repeated, 1, 6);
    CHECK(all.failures.at(cause::no_mailbox) == 2);
    CHECK(all.failures.at(cause::too_big) == 1);
}

TEST_CASE("the lag in three segments, over stays with a stop", "[indicators]")
{
    auto one = stay("20261120100000+0100", "20261120130000+0100");
    one.signed_at = tests::local("20261120120000+0100");
    one.received_at = tests::local("20261120123000+0100");
    auto unsigned_one = stay("20261120100000+0100", "20261120110000+0100");
    unsigned_one.received_at = tests::local("20261120105900+0100");
    const auto all = of({one, unsigned_one, stay("20261120100000+0100")});
    CHECK(all.writing.median.count == 1);
    CHECK(all.writing.median.value == std::optional<std::chrono::milliseconds>(2h));
    CHECK(all.submission.median.value == std::optional<std::chrono::milliseconds>(30min));
    CHECK(all.relay.median.count == 2);
    CHECK(all.relay.median.value == std::optional<std::chrono::milliseconds>(1min));
    CHECK(all.relay.p95.value == std::optional<std::chrono::milliseconds>(30min));
}

TEST_CASE("a discharge known to the day is in no lag figure, accepted or not", "[indicators]")
{
    const auto day = discharge_quality::date_only;
    const auto all = of({stay("20261120000000+0100", "", day), stay("20261120000000+0100", "20261120100000+0100", day),
                         stay("20261120000000+0100", "20261120100000+0100")});
    CHECK(all.lag.median.count == 1);
    CHECK(all.lag.median.value == std::optional<std::chrono::milliseconds>(10h));
    check(all.h48, 2, 3);
}

TEST_CASE("nearest rank at 50 and 95 per cent", "[indicators]")
{
    std::vector<stay_facts> stays;
    for (int hour = 1; hour <= 20; ++hour) {
        stays.push_back(stay("20261120000000+0100"));
        stays.back().stop = stays.back().discharge + std::chrono::hours(hour);
    }
    CHECK(of(stays).lag.median.value == std::optional<std::chrono::milliseconds>(10h));
    CHECK(of(stays).lag.p95.value == std::optional<std::chrono::milliseconds>(19h));
    stays[19].stop.reset();
    CHECK(of(stays).lag.p95.value == std::optional<std::chrono::milliseconds>(19h));  // 1 of 20 infinite
    stays[18].stop.reset();
    CHECK_FALSE(of(stays).lag.p95.value.has_value());
}

TEST_CASE("breakdowns add up to the total", "[indicators]")
{
    auto first = stay("20261120100000+0100", "20261120110000+0100");
    first.site = "NORD", first.group = "EST", first.band = hour_band::morning, first.recipient_operator = "a.example";
    auto second = stay("20261122170000+0100");
    second.service = "UF02", second.patient_class = "I", second.band = hour_band::afternoon;
    struct row {
        breakdown by;
        std::vector<std::string> keys;
    };
    const row rows[] = {
        {breakdown::none, {}},
        {breakdown::group, {"", "EST"}},
        {breakdown::site, {"", "NORD"}},
        {breakdown::service, {"UF01", "UF02"}},
        {breakdown::letter_type, {"11490-0"}},
        {breakdown::stay_class, {"", "I"}},
        {breakdown::day, {"2026-11-20", "2026-11-22"}},
        {breakdown::month, {"2026-11"}},
        {breakdown::weekday, {"5", "7"}},
        {breakdown::hour_band, {"0-12", "16-20"}},
        {breakdown::recipient_operator, {"", "a.example"}},
    };
    for (const row& tc : rows) {
        breakdown_builder all(tc.by, much_later);
        all.add(first);
        all.add(second);
        const broken_down found = all.result();
        CAPTURE(name(tc.by));
        CHECK(breakdown_from(name(tc.by)) == tc.by);
        std::vector<std::string> keys;
        std::int64_t met = 0;
        for (const auto& [key, figures] : found.rows) {
            keys.push_back(key);
            met += figures.j0.numerator;
        }
        CHECK(keys == tc.keys);
        if (tc.by != breakdown::none) CHECK(met == found.totals.j0.numerator);
        CHECK(found.totals.discharges == 2);
    }
    CHECK_FALSE(breakdown_from("doctor").has_value());
}
