// The ADT feed and the letters over a real store: stays, exclusions, and which letter is about which stay.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "relay/pipeline/period_report.hpp"
#include "relay/pipeline/stay_match.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;

namespace {
const std::string roux = "anne.roux@medecin.example";
constexpr std::string_view ins = "285076900000095";

struct ward : tests::house {
    int message = 0;

    ward() { add_doctor(roux, tests::second_doctor); }
    void feed(tests::discharge_order order)
    {
        order.control_id = "ADT" + std::to_string(++message);
        const auto answer = drop(order.control_id + ".hl7", tests::adt_file(order));
        CAPTURE(answer.content);
        REQUIRE(answer.what == verdict::accepted);
    }
    letter_row letter(const std::string& number, tests::letter_order order = {.visit = ""})
    {
        order.document = "2.999.7." + number + ".1";
        order.set = "2.999.7." + number;
        REQUIRE(drop(number + ".xml", tests::cda_file(order)).what == verdict::accepted);
        return again(number);
    }
    letter_row again(const std::string& number)
    {
        const std::string key = vault.match_key("document", "2.999.7." + number + ".1");
        return ask([&](auto& r) { return r.letter_by_document(key); }).value();
    }
    std::optional<stay_row> stay_of(const letter_row& row)
    {
        return row.stay.empty() ? std::nullopt : ask([&](auto& r) { return r.stay(row.stay); });
    }
    match_state state_of(const letter_row& row)
    {
        return ask([&](auto& r) { return r.clues_of(row.id); }).value().state;
    }
    std::vector<stay_row> candidates(const letter_row& row)
    {
        return ask([&](auto& r) { return candidate_stays(r, r.clues_of(row.id).value()); });
    }
    stay_row by_visit(const std::string& visit)
    {
        return ask([&](auto& r) { return r.stay_by_key(vault.match_key("visit", "990000010|" + visit), ""); }).value();
    }
    period_figures figures()
    {
        period_report made;
        REQUIRE(store
                    ->read([&](ports::reader& r) {
                        made = build_report(r,
                                            day_range{std::chrono::sys_days(std::chrono::year(2026) / 11 / 1),
                                                      std::chrono::sys_days(std::chrono::year(2026) / 12 / 1)},
                                            tests::local("20261210000000+0100"), tests::paris());
                    })
                    .has_value());
        return made.totals;
    }
};

tests::discharge_order admitted()
{
    return {.discharge = "",
            .event = "A01",
            .movement = "M75",
            .recorded = "20261116091000",
            .moved = "20261116090000",
            .unit = "1000"};
}
tests::discharge_order transfer()
{
    return {.discharge = "",
            .treating_doctor = "",
            .event = "A02",
            .movement = "M76",
            .recorded = "20261118111000",
            .moved = "20261118110000",
            .unit = "2000"};
}
tests::discharge_order discharge()
{
    return {.treating_doctor = ""};
}
tests::discharge_order discharge_cancelled()
{
    return {.treating_doctor = "", .action = "CANCEL", .event = "A13", .recorded = "20261120150000", .original = "A03"};
}
tests::discharge_order discharge_again()
{
    return {.discharge = "20261121100000", .movement = "M78", .recorded = "20261121100500"};
}
tests::discharge_order corrected()
{
    return {.discharge = "20261121093000",
            .action = "UPDATE",
            .event = "Z99",
            .movement = "M78",
            .recorded = "20261121120000",
            .original = "A03"};
}
tests::discharge_order admission_cancelled()
{
    return {.discharge = "",
            .action = "CANCEL",
            .event = "A11",
            .movement = "M75",
            .recorded = "20261122080000",
            .original = "A01"};
}
}

TEST_CASE("a stay from admission to corrected discharge", "[stays]")
{
    ward w;
    w.feed(admitted());
    CHECK(w.figures().discharges == 0);  // admitted, not discharged: in no figure
    stay_row stay = w.by_visit("26011234");
    CHECK(stay.admission == tests::local("20261116090500+0100"));
    CHECK(stay.service == "1000");
    CHECK(stay.in_feed);
    w.feed(transfer());
    CHECK(w.by_visit("26011234").service == "2000");
    CHECK(w.by_visit("26011234").treating_rpps == tests::second_doctor);  // named once
    w.feed(discharge());
    CHECK(w.by_visit("26011234").discharge == tests::local("20261120141000+0100"));
    CHECK(w.by_visit("26011234").service == "4410");
    CHECK(w.figures().discharges == 1);
    w.feed(discharge_cancelled());
    CHECK_FALSE(w.by_visit("26011234").discharge.has_value());
    CHECK(w.by_visit("26011234").service == "2000");
    w.feed(discharge_again());
    w.feed(corrected());
    CHECK(w.by_visit("26011234").discharge == tests::local("20261121093000+0100"));
    auto late = discharge();  // an update of the cancelled movement, and of none
    late.event = "Z99";
    late.action = "UPDATE";
    late.recorded = "20261123080000";
    late.original = "A03";
    w.feed(late);
    late.original = "A21";
    late.movement = "M99";
    w.feed(late);
    CHECK(w.by_visit("26011234").discharge == tests::local("20261121093000+0100"));
    w.feed(admission_cancelled());
    CHECK(w.by_visit("26011234").exclusion == "CANCELLED");
    CHECK(w.figures().exclusions.at("CANCELLED") == 1);
    CHECK(w.figures().eligible == 0);
    auto anew = admitted();
    anew.movement = "M80";
    anew.recorded = "20261124080000";
    w.feed(anew);
    CHECK(w.by_visit("26011234").exclusion.empty());
    CHECK(w.figures().eligible == 1);
}

TEST_CASE("an admission cancelled before any discharge is counted for its day", "[stays]")
{
    ward w;
    w.feed(admitted());
    w.feed(admission_cancelled());
    const period_figures totals = w.figures();
    CHECK(totals.exclusions.at("CANCELLED") == 1);
    CHECK(totals.discharges == 1);
    CHECK(totals.eligible == 0);
    CHECK(totals.j0.denominator == 0);
}

TEST_CASE("exclusions by class are counted and shown", "[stays]")
{
    struct row {
        const char* first;
        const char* last;
        const char* exclusion;
    };
    const auto tc = GENERATE(values<row>(
        {{"I", "I", ""}, {"O", "O", ""}, {"R", "R", "SEANCE"}, {"E", "E", "ED_ONLY"}, {"E", "I", ""}, {"I", "E", ""}}));
    CAPTURE(tc.first, tc.last);
    ward w;
    auto in = admitted();
    auto out = discharge();
    in.patient_class = tc.first;
    out.patient_class = tc.last;
    w.feed(in);
    w.feed(out);
    CHECK(w.by_visit("26011234").exclusion == tc.exclusion);
    CHECK(w.figures().discharges == 1);
    CHECK(w.figures().eligible == (*tc.exclusion == '\0' ? 1 : 0));
}

TEST_CASE("the feed in any order gives the same stay", "[stays][property]")
{
    const std::vector<tests::discharge_order> told{
        admitted(),        transfer(),  discharge(),          discharge_cancelled(),
        discharge_again(), corrected(), admission_cancelled()};
    std::optional<stay_row> wanted;
    std::mt19937 random(7);
    for (int round = 0; round < 6; ++round) {
        std::vector<tests::discharge_order> order = told;
        if (round > 0) std::shuffle(order.begin(), order.end(), random);
        ward w;
        for (const auto& one : order) w.feed(one);
        for (const auto& one : order) w.feed(one);  // and all of it again, under other message ids
        stay_row found = w.by_visit("26011234");
        if (!wanted) wanted = found;
        CAPTURE(round);
        CHECK(found.admission == wanted->admission);
        CHECK(found.discharge == wanted->discharge);
        CHECK(found.service == wanted->service);
        CHECK(found.exclusion == wanted->exclusion);
        CHECK(found.treating_rpps == wanted->treating_rpps);
        CHECK(found.traits_key == wanted->traits_key);
    }
}

TEST_CASE("a letter finds its stay by number", "[match]")
{
    ward w;
    SECTION("the feed first")
    {
        w.feed(admitted());
        CHECK(w.state_of(w.letter("600", {})) == match_state::number);
    }
    SECTION("the letter first: it leaves, and its stay is known later")
    {
        const letter_row sent = w.letter("600", {});
        CHECK(w.only().state == delivery_state::queued);
        CHECK(w.state_of(sent) == match_state::open);
        CHECK(w.figures().discharges == 1);  // by the letter's own date
        w.feed(admitted());
        CHECK(w.state_of(sent) == match_state::number);
        CHECK(w.again("600").stay == sent.stay);
        CHECK(w.ask([&](auto& r) { return r.events_of(sent.id); }).back().kind == event_kind::letter_matched);
    }
    CHECK(w.ask([](auto& r) { return r.open_matches(10); }).empty());
    CHECK(w.by_visit("26011234").quality == discharge_quality::document);
    w.feed(discharge());
    CHECK(w.by_visit("26011234").quality == discharge_quality::exact);
}

TEST_CASE("a letter without number finds the only stay of its patient at that time", "[match]")
{
    ward w;
    SECTION("by traits")
    {
        w.feed(admitted());
    }
    SECTION("by INS, whatever the name's spelling")
    {
        auto in = admitted();
        in.ins = ins;
        in.name = "QUENTRELIN DIT DURAND^YSOLINE";
        w.feed(in);
    }
    SECTION("names are compared by their letters")
    {
        auto in = admitted();
        in.name = "Quentrélin^ysoline";
        w.feed(in);
    }
    const letter_row sent = w.letter("600");
    CHECK(w.state_of(sent) == match_state::identity);
    CHECK(w.stay_of(sent)->id == w.by_visit("26011234").id);
    CHECK(sent.flags.find("matched_by_identity") != std::string::npos);
    CHECK(sent.treating_rpps == tests::second_doctor);
    CHECK(w.figures().discharges == 1);  // the letter's date, until the feed has one
}

TEST_CASE("a letter is never matched by a guess", "[match]")
{
    ward w;
    auto in = admitted();
    SECTION("another name")
    {
        in.name = "QUENTREL^YSOLINE";
    }
    SECTION("another INS, the same traits")
    {
        in.ins = "285076900000194";
    }
    SECTION("another time")
    {
        in.admission = "20261122080000";
    }
    SECTION("cancelled")
    {
        w.feed(admission_cancelled());
    }
    w.feed(in);
    const letter_row sent = w.letter("600");
    CHECK(w.state_of(sent) == match_state::open);
    CHECK(sent.stay.empty());
    CHECK(w.candidates(sent).empty());
    CHECK(w.only().state == delivery_state::queued);  // it left at once all the same
}

TEST_CASE("two stays that fit are candidates, and a person decides", "[match]")
{
    ward w;
    const letter_row sent = w.letter("600");
    CHECK(w.state_of(sent) == match_state::open);
    w.feed(admitted());
    CHECK(w.state_of(w.again("600")) == match_state::identity);  // late feed
    auto second = admitted();
    second.visit = "26015555";
    w.feed(second);
    CHECK(w.state_of(w.again("600")) == match_state::open);
    CHECK(w.again("600").stay.empty());
    CHECK(w.figures().discharges == 0);  // the letter's date left with it
    const auto found = w.candidates(sent);
    REQUIRE(found.size() == 2);
    const stay_row chosen = w.by_visit("26015555");
    CHECK(w.intake->bind_by_hand(sent.id, chosen.id, "secretaire").value() == stay_keeper::binding::done);
    CHECK(w.again("600").stay == chosen.id);
    CHECK(w.by_visit("26015555").quality == discharge_quality::document);
    CHECK(w.figures().discharges == 1);
    const auto told = w.ask([&](auto& r) { return r.events_of(sent.id); });
    CHECK(std::any_of(told.begin(), told.end(), [&](const event& e) {
        return e.kind == event_kind::letter_matched && e.facts.actor == "secretaire" &&
               e.facts.evidence == chosen.id.text();
    }));
    w.feed(transfer());  // the feed does not undo it
    CHECK(w.again("600").stay == chosen.id);
    CHECK(w.state_of(sent) == match_state::person);
    CHECK(w.intake->bind_by_hand(sent.id, chosen.id, "x").value() == stay_keeper::binding::already);
    CHECK(w.intake->bind_by_hand(sent.id, stay_id::make(), "x").value() == stay_keeper::binding::no_stay);
    CHECK(w.intake->bind_by_hand(letter_id::make(), chosen.id, "x").value() == stay_keeper::binding::no_letter);
}

TEST_CASE("a corrected identity matches again", "[match]")
{
    ward w;
    auto wrong = admitted();
    wrong.name = "QUENTRELAIN^YSOLINE";
    w.feed(wrong);
    const letter_row sent = w.letter("600");
    CHECK(w.state_of(sent) == match_state::open);
    w.feed(transfer());  // with the name put right
    CHECK(w.state_of(sent) == match_state::identity);
    auto late = wrong;  // an older message that comes late says nothing new
    w.feed(late);
    CHECK(w.state_of(sent) == match_state::identity);
    auto worse = transfer();
    worse.recorded = "20261119080000";
    worse.name = "AUTRE^PERSONNE";
    w.feed(worse);
    CHECK(w.state_of(sent) == match_state::open);
}

TEST_CASE("two numbers that differ are two stays, whoever the patient", "[match]")
{
    ward w;
    w.feed(admitted());
    const letter_row sent = w.letter("600", {.visit = "26019999"});
    CHECK(w.state_of(sent) == match_state::open);
    CHECK(sent.stay != w.by_visit("26011234").id);
    const auto found = w.candidates(sent);
    CHECK(std::any_of(found.begin(), found.end(), [&](const auto& s) { return s.id == w.by_visit("26011234").id; }));
    const stay_id before = sent.stay;
    REQUIRE(w.intake->bind_by_hand(sent.id, w.by_visit("26011234").id, "x").value() == stay_keeper::binding::done);
    CHECK_FALSE(w.ask([&](auto& r) { return r.stay(before); })->discharge.has_value());  // nobody was discharged there
    CHECK(w.figures().discharges == 1);
}

TEST_CASE("a day around the stay fits, and no more", "[match]")
{
    struct row {
        const char* discharge;  // of the stay; admission 16 November 09:05
        const char* ends;       // of the letter; starts 16 November 08:05
        bool fits;
    };
    const auto tc = GENERATE(values<row>({{"20261120141000", "20261120141000+0100", true},
                                          {"20261120141000", "20261121141000+0100", true},
                                          {"20261120141000", "20261121141001+0100", false},
                                          {"20261117080500", "20261118080500+0100", true},
                                          {"20261117080500", "20261118080501+0100", false},
                                          {"20261120141000", "", true}}));
    CAPTURE(tc.discharge, tc.ends);
    ward w;
    auto out = discharge();
    out.discharge = tc.discharge;
    w.feed(out);
    const letter_row sent = w.letter("600", {.visit = "", .discharge = tc.ends});
    CHECK((w.state_of(sent) == match_state::identity) == tc.fits);
}

TEST_CASE("neither names nor numbers of the feed are kept in clear", "[stays][privacy]")
{
    ward w;
    auto in = admitted();
    in.ins = ins;
    w.feed(in);
    const stay_row stay = w.by_visit("26011234");
    for (const std::string& kept : {stay.visit_key, stay.file_key, stay.identity_key, stay.traits_key}) {
        CHECK(kept.size() == 64);
        CHECK(kept.find_first_not_of("0123456789abcdef") == std::string::npos);
    }
}
