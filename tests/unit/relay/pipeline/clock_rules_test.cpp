// J0 and 48 h by domain.md §3: the table of that section, its edges and both DST nights.
#include <catch2/catch.hpp>

#include "relay/pipeline/stay_facts.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
mime::zone paris()
{
    return *mime::find_zone("Europe/Paris");
}

instant at(std::string_view text)
{
    const auto read = mime::read_timestamp(text);
    REQUIRE(read.has_value());
    return mime::to_utc(*read, paris()).at;
}

struct judged_stay : stay_verdict, stay_standing {
    std::optional<std::chrono::milliseconds> lag;
};
enum class letter { submitted, missing };

judged_stay judged(std::string_view discharge, std::string_view accepted, std::string_view now,
                   discharge_quality quality = discharge_quality::exact, letter written = letter::submitted)
{
    stay_facts facts;
    facts.discharge = at(discharge);
    facts.quality = quality;
    facts.has_letter = written == letter::submitted;
    std::vector<instant> stops;
    if (!accepted.empty()) stops.push_back(at(accepted));
    static_cast<stay_verdict&>(facts) = assess(facts, stops, paris());
    judged_stay found{facts, standing_of(facts, at(now)), {}};
    if (facts.stop) found.lag = lag_of(facts, *facts.stop);
    return found;
}
}

TEST_CASE("deadlines of the reference table", "[clock]")
{
    struct row {
        std::string_view discharge, j0_ends, h48_ends;
    };
    const auto tc = GENERATE(values<row>({
        {"20261120235000+0100", "20261121000000+0100", "20261122235000+0100"},
        {"20261024235000+0200", "20261025000000+0200", "20261026225000+0100"},
        {"20261025023000", "20261026000000+0100", "20261027013000+0100"},
        {"20270327100000+0100", "20270328000000+0100", "20270329110000+0200"},
    }));
    CAPTURE(tc.discharge);
    const auto found = judged(tc.discharge, "", tc.discharge);
    CHECK(found.j0_deadline == at(tc.j0_ends));
    CHECK(found.h48_deadline == at(tc.h48_ends));
    CHECK(found.state == stay_state::in_progress);
}

TEST_CASE("what an acceptance meets", "[clock]")
{
    struct row {
        std::string_view discharge, accepted;
        stay_state state;
        std::chrono::seconds lag;
    };
    const auto tc = GENERATE(values<row>({
        {"20261120100000+0100", "20261120235959+0100", stay_state::met_j0, 50399s},
        {"20261120100000+0100", "20261121000000+0100", stay_state::met_48h, 50400s},
        {"20261120235000+0100", "20261122235000+0100", stay_state::met_48h, 172800s},  // inclusive
        {"20261120235000+0100", "20261122235001+0100", stay_state::late, 172801s},
        {"20261120100000+0100", "20261120090000+0100", stay_state::met_j0, 0s},  // before the discharge, same day
        {"20261120100000+0100", "20261119000000+0100", stay_state::met_j0, 0s},  // the day before
        {"20261024235000+0200", "20261026225000+0100", stay_state::met_48h, 172800s},
        {"20261024235000+0200", "20261026225001+0100", stay_state::late, 172801s},
        {"20270327100000+0100", "20270329110001+0200", stay_state::late, 172801s},
    }));
    CAPTURE(tc.discharge, tc.accepted);
    const auto found = judged(tc.discharge, tc.accepted, "20271231000000");
    CHECK(found.state == tc.state);
    REQUIRE(found.lag.has_value());
    CHECK(*found.lag == tc.lag);
    CHECK(found.j0_met == (tc.state == stay_state::met_j0));
}

TEST_CASE("an acceptance two days before the discharge is stale", "[clock]")
{
    const auto found = judged("20261120100000+0100", "20261118235959+0100", "20261120110000+0100");
    CHECK_FALSE(found.stop.has_value());
    CHECK(found.state == stay_state::in_progress);
}

TEST_CASE("a date without time: 48 h ends at the start of date + 2, no lag", "[clock]")
{
    const auto q = discharge_quality::date_only;
    CHECK(judged("20261120", "20261121235959+0100", "20271231", q).state == stay_state::met_48h);
    CHECK(judged("20261120", "20261122000000+0100", "20271231", q).state == stay_state::late);
    CHECK_FALSE(judged("20261120", "20261120120000+0100", "20271231", q).lag.has_value());
}

TEST_CASE("nothing accepted: pending, then overdue", "[clock]")
{
    CHECK(judged("20261120100000+0100", "", "20261120235959+0100").j0_pending);
    CHECK_FALSE(judged("20261120100000+0100", "", "20261121000000+0100").j0_pending);
    CHECK(judged("20261120100000+0100", "", "20261122100000+0100").h48_pending);
    CHECK(judged("20261120100000+0100", "", "20261122100001+0100").state == stay_state::overdue);
    const auto without =
        judged("20261120100000+0100", "", "20261120120000+0100", discharge_quality::exact, letter::missing);
    CHECK(without.state == stay_state::awaiting_letter);
}

TEST_CASE("goals of a delivery: J0 then 48 h of the discharge, else of the day it came", "[clock]")
{
    const instant received = at("20261120160000+0100");
    const auto known = goals_of(stay_clock{at("20261120110000+0100")}, received, paris());
    CHECK(known.first == at("20261121000000+0100"));
    CHECK(known.last == at("20261122110000+0100"));
    const auto unknown = goals_of(std::nullopt, received, paris());
    CHECK(unknown.first == at("20261121000000+0100"));
    CHECK(unknown.last == at("20261122160000+0100"));
    CHECK(next_deadline(known, received) == known.first);
    CHECK(next_deadline(known, known.first) == known.last);
    CHECK(next_deadline(known, known.last) > known.last + 365 * 24h);  // behind all that can be in time
}
