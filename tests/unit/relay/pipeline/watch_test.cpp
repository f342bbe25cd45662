// Watch on misrouting: each threshold at it and one beside it.
#include <catch2/catch.hpp>

#include "relay/pipeline/watch.hpp"
#include "tests/support/site.hpp"

using namespace relay::pipeline;

namespace {
const instant now = tests::local("20261120150000+0100");

mailbox_history usual()
{
    mailbox_history one;
    one.first = now - std::chrono::days(60);
    one.accepted = 100;
    one.is_read = true;
    one.domain_is_read = true;
    one.doctors = 1;
    one.today = 4;
    one.days_before = 20;
    one.letters_before = 80;  // 4 a day
    return one;
}

bool has(const mailbox_history& of, work_topic topic, const watch_thresholds& at = {})
{
    for (const mailbox_finding& one : findings_of(of, now, at))
        if (one.topic == topic) return true;
    return false;
}
}

TEST_CASE("an ordinary mailbox warns of nothing", "[watch]")
{
    CHECK(findings_of(usual(), now).empty());
    CHECK(findings_of({}, now).empty());
}

TEST_CASE("volume against its own history", "[watch]")
{
    struct row {
        std::int64_t today, days, letters;
        bool warns;
    };
    const auto tc = GENERATE(values<row>({{20, 20, 80, false},  // five times the mean, not more
                                          {21, 20, 80, true},
                                          {19, 20, 20, false},  // under the floor
                                          {20, 20, 20, true},
                                          {500, 4, 4, false},  // no history yet
                                          {500, 5, 5, true},
                                          {500, 20, 2000, false}}));
    auto one = usual();
    one.today = tc.today;
    one.days_before = tc.days;
    one.letters_before = tc.letters;
    CAPTURE(tc.today, tc.days, tc.letters);
    CHECK(has(one, work_topic::mailbox_volume) == tc.warns);
}

TEST_CASE("a mailbox nobody reads, where others of its domain are read", "[watch]")
{
    auto one = usual();
    one.is_read = false;
    CHECK(has(one, work_topic::mailbox_unread));
    one.accepted = 50;
    CHECK(has(one, work_topic::mailbox_unread));
    one.accepted = 49;
    CHECK_FALSE(has(one, work_topic::mailbox_unread));
    one = usual();
    one.is_read = one.domain_is_read = false;  // that operator never tells
    CHECK_FALSE(has(one, work_topic::mailbox_unread));
    one.domain_is_read = true;
    one.first = now - std::chrono::days(30);
    CHECK(has(one, work_topic::mailbox_unread));
    one.first += std::chrono::milliseconds(1);
    CHECK_FALSE(has(one, work_topic::mailbox_unread));
}

TEST_CASE("one address for many doctors", "[watch]")
{
    auto one = usual();
    one.doctors = 11;
    CHECK_FALSE(has(one, work_topic::mailbox_catch_all));
    one.doctors = 12;
    CHECK(has(one, work_topic::mailbox_catch_all));
    CHECK(findings_of(one, now).front().count == 12);
}

TEST_CASE("whose mailbox it is, by the directory and by the letter", "[watch]")
{
    using type = ports::mailbox_type;
    const auto entry = [](std::string rpps, std::string family, type kind = type::personal) {
        ports::directory_entry row;
        row.type = kind;
        row.rpps = std::move(rpps);
        row.family = std::move(family);
        return row;
    };
    const auto named = [](std::string rpps, std::string family) {
        recipient to;
        to.rpps = std::move(rpps);
        to.family = std::move(family);
        return to;
    };
    struct row {
        recipient to;
        std::vector<ports::directory_entry> rows;
        bool other;
    };
    const std::vector<row> table{
        {named("99900000011", ""), {entry("99900000011", "ROUX")}, false},
        {named("99900000011", ""), {entry("99900000029", "ROUX")}, true},
        {named("99900000011", "ROUX"), {entry("99900000029", "ROUX")}, true},  // the number decides
        {named("99900000011", ""), {entry("99900000029", ""), entry("99900000011", "")}, false},
        {named("", "Le Guennec-Éon"), {entry("", "LE GUENNEC EON")}, false},
        {named("", "ROUX"), {entry("", "MARTIN")}, true},
        {named("", "ROUX"), {entry("99900000029", "")}, false},  // nothing to compare
        {named("99900000011", ""), {entry("99900000029", "", type::organisation)}, false},
        {named("99900000011", ""), {entry("99900000029", ""), entry("", "", type::cabinet)}, false},
        {named("99900000011", "ROUX"), {}, false},
    };
    for (const row& tc : table) {
        CAPTURE(tc.to.rpps, tc.to.family, tc.rows.size());
        CHECK(is_somebody_elses(tc.to, tc.rows) == tc.other);
    }
}
