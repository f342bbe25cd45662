// When a stay ended, by its events (domain.md §3 rules 1 and 2).
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

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

namespace {
// One message of the feed, or what a letter says; recorded at hour `recorded`.
struct told {
    event_kind kind;
    const char* id;
    int recorded;
    int at = 0;
    movement_action action = movement_action::insert;
    const char* patient_class = "I";
    const char* service = "";
    const char* doctor = "";
};

event made(const told& one)
{
    event e;
    e.kind = one.kind;
    e.facts.movement.id = one.id;
    e.facts.movement.action = one.action;
    e.facts.movement.recorded = instant(std::chrono::hours(one.recorded));
    e.facts.movement.patient_class = one.patient_class;
    e.facts.movement.service = one.service;
    e.facts.movement.treating_rpps = one.doctor;
    e.facts.movement.traits_key = "traits" + std::to_string(one.recorded);
    if (one.kind == event_kind::stay_discharged || one.kind == event_kind::stay_discharge_cancelled) {
        e.facts.discharge = instant(std::chrono::hours(one.at));
        e.facts.flags = "adt";
    } else if (one.at != 0) {
        e.facts.movement.at = instant(std::chrono::hours(one.at));
    }
    return e;
}

event by_letter(const char* letter, int written, int at)
{
    event e;
    e.kind = event_kind::stay_discharged;
    e.facts.evidence = letter;
    e.facts.movement.recorded = instant(std::chrono::hours(written));
    e.facts.discharge = instant(std::chrono::hours(at));
    e.facts.quality = discharge_quality::document;
    return e;
}

std::vector<event> all_of(std::initializer_list<told> all)
{
    std::vector<event> events;
    for (const told& one : all) events.push_back(made(one));
    return events;
}

using kind = event_kind;
constexpr auto update = movement_action::update;
constexpr auto insert = movement_action::insert;

int hour_of(const std::optional<instant>& at)
{
    return at ? static_cast<int>(std::chrono::duration_cast<std::chrono::hours>(at->time_since_epoch()).count()) : 0;
}
}

TEST_CASE("a stay follows its movements", "[stay]")
{
    struct row {
        const char* what;
        std::vector<event> events;
        int discharge;  // 0: none
        std::string_view exclusion, service;
    };
    const told in{kind::stay_admitted, "1", 10, 10, insert, "I", "A"};
    const told moved{kind::stay_moved, "2", 20, 20, insert, "I", "B"};
    const told out{kind::stay_discharged, "3", 30, 29, insert, "I", "C"};
    const told void_out{kind::stay_discharge_cancelled, "3", 40};
    const told void_in{kind::stay_admission_cancelled, "1", 50};
    const row rows[] = {
        {"admitted", all_of({in}), 0, "", "A"},
        {"moved", all_of({in, moved}), 0, "", "B"},
        {"a move inserted behind another", all_of({in, moved, {kind::stay_moved, "9", 25, 15, insert, "I", "Z"}}), 0,
         "", "B"},
        {"a move cancelled", all_of({in, moved, {kind::stay_move_cancelled, "2", 21}}), 0, "", "A"},
        {"discharged", all_of({in, moved, out}), 29, "", "C"},
        {"discharged without a unit", all_of({in, moved, {kind::stay_discharged, "3", 30, 29}}), 29, "", "B"},
        {"corrected", all_of({out, {kind::stay_discharged, "3", 35, 28, update, "I", "C"}}), 28, "", "C"},
        {"an update alone", all_of({{kind::stay_discharged, "3", 35, 28, update, "I", "C"}}), 28, "", "C"},
        {"an update of an older discharge",
         all_of({out,
                 {kind::stay_discharged, "4", 60, 59, insert, "I", "D"},
                 {kind::stay_discharged, "3", 70, 27, update, "I", "C"}}),
         59, "", "D"},
        {"an update of a movement never seen gives way",
         all_of({out, {kind::stay_discharged, "7", 70, 27, update, "I", "X"}}), 29, "", "C"},
        {"cancelled", all_of({in, moved, out, void_out}), 0, "", "B"},
        {"an update does not revive", all_of({in, out, void_out, {kind::stay_discharged, "3", 45, 44, update}}), 0, "",
         "A"},
        {"discharged again", all_of({in, out, void_out, {kind::stay_discharged, "4", 60, 59, insert, "I", "D"}}), 59,
         "", "D"},
        {"the same movement again", all_of({in, out, void_out, {kind::stay_discharged, "3", 60, 59, insert, "I", "D"}}),
         59, "", "D"},
        {"a cancellation of another discharge",
         all_of(
             {out, {kind::stay_discharged, "4", 35, 34, insert, "I", "D"}, {kind::stay_discharge_cancelled, "4", 40}}),
         29, "", "C"},
        {"a cancellation without movement", all_of({out, {kind::stay_discharge_cancelled, "", 40}}), 0, "", ""},
        {"a cancellation of an unknown movement", all_of({out, {kind::stay_discharge_cancelled, "8", 40}}), 0, "", ""},
        {"an old one of them", all_of({out, {kind::stay_discharge_cancelled, "8", 20}}), 29, "", "C"},
        {"admission cancelled", all_of({in, void_in}), 0, "CANCELLED", ""},
        {"admission cancelled after the discharge", all_of({in, out, void_in}), 29, "CANCELLED", "C"},
        {"and admitted again", all_of({in, void_in, {kind::stay_admitted, "5", 60, 60, insert, "I", "E"}}), 0, "", "E"},
        {"and discharged, the admission lost", all_of({in, void_in, {kind::stay_discharged, "6", 70, 69}}), 69, "", ""},
        {"of two admissions one cancelled",
         all_of({in, {kind::stay_admitted, "5", 20, 20, insert, "I", "E"}, {kind::stay_admission_cancelled, "1", 30}}),
         0, "", "E"},
        {"a cancellation alone", all_of({void_in}), 0, "CANCELLED", ""},
        {"series",
         all_of({{kind::stay_admitted, "1", 10, 10, insert, "R"}, {kind::stay_discharged, "3", 30, 29, insert, "R"}}),
         29, "SEANCE", ""},
        {"emergency only",
         all_of({{kind::stay_admitted, "1", 10, 10, insert, "E"}, {kind::stay_discharged, "3", 30, 29, insert, "E"}}),
         29, "ED_ONLY", ""},
        {"emergency, then admitted",
         all_of({{kind::stay_admitted, "1", 10, 10, insert, "E"}, {kind::stay_moved, "2", 20, 20, insert, "I"}}), 0, "",
         ""},
        {"admitted, discharged as emergency",
         all_of({{kind::stay_admitted, "1", 10, 10, insert, "I"}, {kind::stay_discharged, "3", 30, 29, insert, "E"}}),
         29, "", ""},
        {"the class corrected",
         all_of({{kind::stay_admitted, "1", 10, 10, insert, "I"}, {kind::stay_admitted, "1", 11, 10, update, "E"}}), 0,
         "ED_ONLY", ""},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.what);
        const stay_view view = fold_stay(tc.events);
        CHECK(hour_of(view.discharge) == tc.discharge);
        CHECK(view.exclusion == tc.exclusion);
        CHECK(view.service == tc.service);
        CHECK(view.in_feed);
    }
}

TEST_CASE("the codes of exclusions are data", "[stay]")
{
    const auto events = all_of({{kind::stay_admitted, "1", 10, 10, insert, "R"}});
    stay_rules rules;
    rules.series_classes = {"S"};
    CHECK(fold_stay(events, rules).exclusion.empty());
    rules.emergency_classes = {"R"};
    CHECK(fold_stay(events, rules).exclusion == "ED_ONLY");
}

TEST_CASE("the discharge of a letter is provisional", "[stay]")
{
    auto events = all_of({{kind::stay_admitted, "1", 10, 10}});
    events.push_back(by_letter("a", 30, 28));
    CHECK(hour_of(fold_stay(events).discharge) == 28);
    CHECK(fold_stay(events).quality == discharge_quality::document);
    events.push_back(by_letter("b", 29, 27));  // the first written, whichever came first
    CHECK(hour_of(fold_stay(events).discharge) == 27);
    event back = by_letter("b", 29, 27);
    back.kind = event_kind::stay_discharge_cancelled;
    events.push_back(back);  // it was a letter of another stay
    CHECK(hour_of(fold_stay(events).discharge) == 28);
    events.push_back(made({kind::stay_discharge_cancelled, "3", 35}));
    CHECK_FALSE(fold_stay(events).discharge.has_value());  // written before the cancellation
    events.push_back(by_letter("c", 40, 39));
    CHECK(hour_of(fold_stay(events).discharge) == 39);
    events.push_back(made({kind::stay_discharged, "4", 36, 34}));
    CHECK(hour_of(fold_stay(events).discharge) == 34);  // the feed, even if older
    CHECK_FALSE(fold_stay({}).in_feed);
}

TEST_CASE("order, repetition and late arrival of messages change nothing", "[stay][property]")
{
    const auto fixed = all_of({
        {kind::stay_admitted, "1", 10, 10, insert, "E", "A", "d1"},
        {kind::stay_admitted, "1", 12, 9, update, "E", "A"},
        {kind::stay_moved, "2", 20, 20, insert, "I", "B", "d2"},
        {kind::stay_move_cancelled, "9", 19},
        {kind::stay_discharged, "3", 30, 29, insert, "I", "C"},
        {kind::stay_discharge_cancelled, "3", 40},
        {kind::stay_discharged, "4", 60, 59, insert, "I", "D"},
        {kind::stay_discharged, "4", 65, 58, update, "I", "D"},
        {kind::stay_discharged, "3", 70, 27, update, "I", "C"},
        {kind::stay_admission_cancelled, "1", 80},
        {kind::stay_admitted, "5", 90, 90, insert, "I", "E"},
    });
    std::mt19937 random(20261120);
    for (std::size_t kept = 0; kept <= fixed.size(); ++kept) {  // every prefix is a history of its own
        std::vector<event> history(fixed.begin(), fixed.begin() + static_cast<std::ptrdiff_t>(kept));
        history.push_back(by_letter("a", 41, 38));
        history.push_back(by_letter("b", 42, 37));
        const stay_view wanted = fold_stay(history);
        for (int round = 0; round < 300; ++round) {
            std::vector<event> shuffled = history;
            for (int again = 0; again < 3; ++again) shuffled.push_back(history[random() % history.size()]);
            std::shuffle(shuffled.begin(), shuffled.end(), random);
            CAPTURE(kept, round);
            REQUIRE(fold_stay(shuffled) == wanted);
        }
    }
    const stay_view end = fold_stay(fixed);
    CHECK(hour_of(end.discharge) == 58);
    CHECK(hour_of(end.admission) == 90);
    CHECK(end.exclusion.empty());
    CHECK(end.service == "D");
    CHECK(end.treating_rpps == "d2");
    CHECK(end.traits_key == "traits90");
}
