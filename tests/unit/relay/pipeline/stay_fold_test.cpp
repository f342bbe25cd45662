// When a stay ended, by its events (domain.md §3 rules 1 and 2).
#include <catch2/catch.hpp>

#include "relay/pipeline/stay_fold.hpp"

using namespace relay::pipeline;

namespace {
struct said {
    char kind;  // D discharged, C cancelled, X excluded
    int hour;
    discharge_quality quality = discharge_quality::exact;
    bool adt = true;
};

std::vector<event> events(std::initializer_list<said> all)
{
    std::vector<event> made;
    for (const said& one : all) {
        event e;
        e.kind = one.kind == 'D'   ? event_kind::stay_discharged
                 : one.kind == 'C' ? event_kind::stay_discharge_cancelled
                                   : event_kind::stay_excluded;
        e.facts.discharge = instant(std::chrono::hours(one.hour));
        e.facts.quality = one.quality;
        if (one.adt) e.facts.flags = "adt";
        if (one.kind == 'X') e.facts.evidence = "SEANCE";
        made.push_back(e);
    }
    return made;
}
}

TEST_CASE("an A03 always wins, the last one over earlier ones", "[stay]")
{
    using q = discharge_quality;
    struct row {
        std::initializer_list<said> all;
        int hour;  // 0: none
    };
    const row rows[] = {
        {{}, 0},
        {{{'D', 1}}, 1},
        {{{'D', 1}, {'D', 2}}, 2},                                           // corrected
        {{{'D', 1, q::document, false}, {'D', 2, q::event}}, 2},             // the feed, even if less exact
        {{{'D', 1, q::event}, {'D', 2, q::document, false}}, 1},             // a letter never moves it
        {{{'D', 1, q::document, false}, {'D', 2, q::document, false}}, 1},   // of equals the first
        {{{'D', 1, q::date_only, false}, {'D', 2, q::document, false}}, 2},  // of letters the better
        {{{'D', 1}, {'C', 1}}, 0},                                           // cancelled
        {{{'D', 1}, {'C', 1}, {'D', 3}}, 3},                                 // and set anew
        {{{'D', 1, q::document, false}, {'C', 1}, {'D', 3, q::document, false}}, 3},
        {{{'D', 1}, {'X', 0}}, 1},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.hour, tc.all.size());
        const stay_view view = fold_stay(events(tc.all));
        REQUIRE(view.discharge.has_value() == (tc.hour != 0));
        if (tc.hour != 0) CHECK(*view.discharge == instant(std::chrono::hours(tc.hour)));
    }
    CHECK(fold_stay(events({{'D', 1}, {'X', 0}})).exclusion == "SEANCE");
}

TEST_CASE("flags are words", "[stay]")
{
    std::string flags;
    add_flag(flags, "adt");
    add_flag(flags, "mt_assumed");
    add_flag(flags, "adt");
    add_flag(flags, "");
    CHECK(flags == "adt mt_assumed");
    CHECK(has_flag(flags, "mt_assumed"));
    CHECK_FALSE(has_flag(flags, "mt"));
    CHECK_FALSE(has_flag("", "adt"));
    remove_flag(flags, "adt");
    CHECK(flags == "mt_assumed");
    remove_flag(flags, "other");
    CHECK(flags == "mt_assumed");
    remove_flag(flags, "mt_assumed");
    CHECK(flags.empty());
}
