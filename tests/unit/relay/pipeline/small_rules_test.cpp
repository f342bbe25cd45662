// Delays between attempts, qualifying letters, lag figures, names of acknowledgements.
#include <catch2/catch.hpp>

#include "relay/pipeline/outbound.hpp"
#include "relay/pipeline/period_report.hpp"
#include "tests/support/site.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

TEST_CASE("delays double, are capped, and spread by a fifth", "[retry]")
{
    const retry_policy policy{120s, 3600s, 24h};
    struct row {
        int attempts;
        std::chrono::seconds middle;
    };
    for (const row tc :
         {row{0, 120s}, {1, 120s}, {2, 240s}, {3, 480s}, {5, 1920s}, {6, 3600s}, {7, 3600s}, {1'000'000, 3600s}}) {
        CAPTURE(tc.attempts);
        CHECK(policy.delay(tc.attempts, 0.5) == tc.middle);
        CHECK(policy.delay(tc.attempts, 0.0) == tc.middle * 8 / 10);
        CHECK(policy.delay(tc.attempts, 0.999999) < tc.middle * 12 / 10);
        CHECK(policy.delay(tc.attempts, 0.999999) > tc.middle * 119 / 100);
    }
}

TEST_CASE("a report of the stay counts only where there is no letter", "[report]")
{
    const auto letter = [](std::string type) {
        letter_row row;
        row.type_code = std::move(type);
        return row;
    };
    const std::vector<letter_row> alone{letter("34112-3")};
    const std::vector<letter_row> both{letter("34112-3"), letter("11490-0")};
    const std::vector<letter_row> operation{letter("34874-8")};
    CHECK(is_qualifying(alone[0], alone));
    CHECK_FALSE(is_qualifying(both[0], both));
    CHECK(is_qualifying(both[1], both));
    CHECK_FALSE(is_qualifying(operation[0], operation));
}

TEST_CASE("the name of an acknowledgement always fits a file system", "[ack]")
{
    CHECK(acknowledgement_name("lettre.hl7", ".ack.hl7") == "lettre.hl7.ack.hl7");
    const std::string at_limit(255 - 8, 'a');
    CHECK(acknowledgement_name(at_limit, ".ack.hl7") == at_limit + ".ack.hl7");
    const std::string one_past = acknowledgement_name(at_limit + "a", ".ack.hl7");
    CHECK(one_past.size() == 255);
    CHECK(one_past.ends_with(".ack.hl7"));
    CHECK(one_past != acknowledgement_name(at_limit + "b", ".ack.hl7"));
    std::string accents;
    while (accents.size() < 250) accents += "é";
    const std::string cut = acknowledgement_name("x" + accents, ".ack.hl7");
    CHECK(cut.size() <= 255);
    CHECK((static_cast<unsigned char>(cut[cut.find('~') - 1]) & 0xC0U) == 0x80U);  // after a whole character
}
