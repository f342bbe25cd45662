// Until when what is kept (domain.md §10 rule 7), what partners are shown (§5), who an addressee is.
#include <catch2/catch.hpp>

#include "relay/pipeline/addressee.hpp"
#include "relay/pipeline/indicator_words.hpp"
#include "relay/pipeline/partner_report.hpp"
#include "relay/pipeline/period_records.hpp"
#include "relay/pipeline/period_report.hpp"
#include "relay/pipeline/retention.hpp"
#include "tests/support/site.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
const instant received = tests::local("20261101120000+0100");
constexpr auto day = 24h;

stay_facts stay_of(std::string_view discharge, std::string structure, bool in_time)
{
    stay_facts one;
    one.discharge = tests::local(discharge);
    one.day = cohort_of(mime::local_date(one.discharge, tests::paris()));
    one.has_letter = true;
    one.addressee = {std::move(structure), "CMS", "10", "75"};
    std::vector<instant> stops;
    if (in_time) stops.push_back(one.discharge + 2h + 30s);
    static_cast<stay_verdict&>(one) = assess(one, stops, tests::paris());
    if (one.stop) one.received_at = one.discharge + 1h;
    one.deliveries.accepted = in_time ? 1 : 0;
    if (!in_time) one.deliveries.failed = 1, one.deliveries.failures[cause::closed] = 1;
    return one;
}
}

TEST_CASE("content goes 7 days after the last end, 30 days after reception while one is open", "[retention]")
{
    struct row {
        std::vector<std::optional<instant>> ends;
        instant until;
        content_rule rule;
    };
    const auto tc = GENERATE(values<row>({
        {{}, received + 7 * day, content_rule::all_ended},
        {{received + 1h}, received + 1h + 7 * day, content_rule::all_ended},
        {{received + 3 * day, received + 1h}, received + 10 * day, content_rule::all_ended},
        {{received + 1h, std::nullopt}, received + 30 * day, content_rule::longest_open},
        {{std::nullopt}, received + 30 * day, content_rule::longest_open},
        {{received + 29 * day}, received + 36 * day, content_rule::all_ended},
    }));
    const content_term found = content_term_of({}, received, tc.ends);
    CHECK(found.until == tc.until);
    CHECK(found.rule == tc.rule);
}

TEST_CASE("when a delivery ended", "[retention]")
{
    struct row {
        delivery_state state;
        bool ended;
        instant at;
    };
    const auto tc = GENERATE(values<row>({
        {delivery_state::queued, false, {}},
        {delivery_state::held, false, {}},
        {delivery_state::uncertain, false, {}},
        {delivery_state::accepted, true, received + 1h},
        {delivery_state::processed, true, received + 1h},
        {delivery_state::failed, true, received + 5h},  // the last that was heard of it
        {delivery_state::undeliverable, true, received + 5h},
    }));
    delivery_row delivery;
    delivery.state = tc.state;
    delivery.accepted_at = received + 1h;
    std::vector<event> history(2);
    history[0].at = received + 5h;
    history[1].at = received + 2h;
    const auto found = ended_at(delivery, history);
    CHECK(found.has_value() == tc.ended);
    if (tc.ended) CHECK(found == tc.at);
}

TEST_CASE("of an accepted delivery whose traces expired the last event is left", "[retention]")
{
    delivery_row delivery;
    delivery.state = delivery_state::accepted;
    delivery.created_at = received;
    CHECK(ended_at(delivery, {}) == received);
    std::vector<event> history(1);
    history[0].at = received + 5h;
    CHECK(ended_at(delivery, history) == received + 5h);
}

TEST_CASE("periods of which no two differ by some days only", "[retention][partner]")
{
    struct row {
        const char *from, *to;  // both included
        bool whole;
    };
    const auto tc = GENERATE(values<row>({
        {"2026-11-16", "2026-11-22", true},   // ISO week 47
        {"2026-11-16", "2026-11-29", true},   // two of them
        {"2026-12-28", "2027-01-03", true},   // week 53, over the end of the year
        {"2026-11-01", "2026-11-30", true},   // a month
        {"2026-01-01", "2026-12-31", true},   // twelve
        {"2028-02-01", "2028-02-29", true},   // leap year
        {"2028-02-01", "2028-02-28", false},  // and without its last day
        {"2026-11-01", "2026-11-29", false},
        {"2026-11-02", "2026-11-30", false},
        {"2026-11-15", "2026-11-21", false},  // Sunday to Saturday
        {"2026-11-16", "2026-11-23", false},
        {"2026-11-16", "2026-11-16", false},
        {"2026-06-01", "2026-06-28", true},  // four weeks, whatever the month
        {"2026-06-01", "2026-06-29", false},
    }));
    CAPTURE(tc.from, tc.to);
    CHECK(is_whole_period(*read_day(tc.from), *read_day(tc.to) + std::chrono::days(1)) == tc.whole);
}

TEST_CASE("what is too small to be shown, and what would give it away", "[retention][partner]")
{
    struct row {
        std::vector<std::int64_t> denominators;
        std::vector<bool> shown;
    };
    const auto tc = GENERATE(values<row>({
        {{5, 9}, {true, true}},
        {{4, 9}, {false, false}},                     // the total less 9 is 4
        {{4, 9, 7}, {false, true, false}},            // so the next smallest goes too
        {{3, 1, 9, 7}, {false, false, true, false}},  // 3 + 1 is still under the limit
        {{3, 2, 9, 7}, {false, false, true, true}},
        {{0, 9}, {true, true}},
        {{4}, {false}},
        {{}, {}},
    }));
    std::vector<rate> parts;
    for (const std::int64_t n : tc.denominators) parts.push_back({0, n, 0});
    CHECK(showable(parts) == tc.shown);
    CHECK(is_showable({0, 5, 0}));
    CHECK_FALSE(is_showable({4, 4, 0}));
}

TEST_CASE("a partner sees the stays of its own doctors", "[retention][partner]")
{
    const instant now = tests::local("20271231000000+0100");
    partner_builder builder("990000028", now);
    for (int i = 0; i < 6; ++i) builder.add(stay_of("20261120100000+0100", "990000028", i != 0));
    builder.add(stay_of("20261210100000+0100", "990000028", true));
    builder.add(stay_of("20261120100000+0100", "990000010", true));
    const partner_figures found = builder.result();
    CHECK(found.totals.discharges == 7);
    CHECK(found.totals.j0.numerator == 6);
    REQUIRE(found.months.size() == 2);
    CHECK(found.months[0].first == "2026-11");
    CHECK(found.months[0].second.j0.denominator == 6);
    CHECK(found.totals.failures.at(cause::closed) == 1);
}

TEST_CASE("counts add up to the figures of the stays", "[retention][period]")
{
    const instant now = tests::local("20271231000000+0100");
    std::vector<stay_facts> stays;
    for (int i = 0; i < 9; ++i) stays.push_back(stay_of("20261120100000+0100", i < 4 ? "a" : "b", i % 3 != 0));
    stays.push_back(stay_of("20261120110000+0100", "a", true));
    stays.back().exclusion = "SEANCE";
    figures_builder by_stays, by_counts;
    for (const stay_facts& one : stays) by_stays.add(one, now);
    const std::string recorded = record_text(stays, now);
    for (const record_section& one : read_record(recorded))
        if (one.by == "structure") by_counts.add_counts(one.counts);
    const period_figures a = by_stays.figures(), b = by_counts.figures();
    CHECK(a.discharges == b.discharges);
    CHECK(a.eligible == b.eligible);
    CHECK(a.exclusions == b.exclusions);
    CHECK(a.failures == b.failures);
    for (const indicator& one : all_indicators()) {
        CAPTURE(one.key);
        CHECK((a.*one.figure).numerator == (b.*one.figure).numerator);
        CHECK((a.*one.figure).denominator == (b.*one.figure).denominator);
    }
    CHECK(a.lag.median.count == b.lag.median.count);
    CHECK(b.lag.median.value == std::chrono::floor<std::chrono::minutes>(*a.lag.median.value));
    CHECK(a.lag.p95.value == b.lag.p95.value);  // not reached
    figures_builder damaged;
    damaged.add_counts("nothing\n\nj0 x 3\nj0 1\nlag 5\nlag 3 99999999999\ndischarges \n");
    CHECK(damaged.figures().discharges == 0);
}

TEST_CASE("a record says what differs from the one before", "[retention][period]")
{
    const instant now = tests::local("20271231000000+0100");
    const std::vector<stay_facts> before{stay_of("20261120100000+0100", "a", true)};
    std::vector<stay_facts> after{stay_of("20261120100000+0100", "a", false)};
    const std::string text = record_changes(record_text(before, now), record_text(after, now));
    CHECK(text.find("j0 1/1 -> 0/1") != std::string::npos);
    CHECK(text.find("failed.CLOSED 0 -> 1") != std::string::npos);
    after = before;
    after.front().addressee.structure = "b";
    CHECK(record_text(before, now) != record_text(after, now));
    CHECK(record_changes(record_text(before, now), record_text(after, now)).empty());
    CHECK(read_record("something else").empty());
    CHECK(read_record("liaison-period-1\n[total\n").empty());
}

TEST_CASE("the kind of a structure is read from its name", "[retention][addressee]")
{
    using ports::mailbox_type;
    struct row {
        mailbox_type type;
        std::string structure, company;
        std::string_view kind;
    };
    const auto tc = GENERATE(values<row>({
        {mailbox_type::personal, "", "", kind_solo},
        {mailbox_type::personal, "990000028", "CABINET DU DR DEMO", kind_solo},
        {mailbox_type::personal, "990000028", "CMS DE DEMOVILLE", kind_health_centre},
        {mailbox_type::organisation, "990000028", "Centre municipal de santé de Demoville", kind_health_centre},
        {mailbox_type::organisation, "990000028", "centre de sante", kind_health_centre},
        {mailbox_type::personal, "990000028", "Maison de Santé des Démos", kind_group_practice},
        {mailbox_type::personal, "990000028", "MSP DEMO", kind_group_practice},
        {mailbox_type::organisation, "990000028", "HOPITAL DEMO", kind_other},
        {mailbox_type::personal, "990000028", "CMSX", kind_other},
    }));
    ports::directory_entry entry;
    entry.type = tc.type;
    entry.structure = tc.structure;
    entry.company = tc.company;
    CAPTURE(tc.company);
    CHECK(structure_kind(entry) == tc.kind);
}

TEST_CASE("of several rows of an address that of the doctor counts", "[retention][addressee]")
{
    std::vector<ports::directory_entry> rows(2);
    rows[0].rpps = "99900000011", rows[0].structure = "a";
    rows[1].rpps = "99900000029", rows[1].structure = "b", rows[1].profession = "10", rows[1].department = "75";
    CHECK(addressee_of(rows, "99900000029") == addressee_facts{"b", std::string(kind_other), "10", "75"});
    CHECK(addressee_of(rows, "").structure == "a");
    CHECK(addressee_of({}, "99900000029") == addressee_facts{});
}
