// Lines of the worklist from what is known, hour by hour; what people said ends with the state it was about.
#include <catch2/catch.hpp>

#include <set>

#include "relay/pipeline/causes.hpp"
#include "relay/pipeline/worklist.hpp"
#include "tests/support/site.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
organisation one_site()
{
    return organisation({{"NORD", "Site Nord", "GH EST", tests::paris(), {{"4410", "Cardiologie"}, {"4420", ""}}},
                         {"SUD", "Site Sud", "GH EST", tests::paris(), {{"5510", "Chirurgie"}}}});
}

work_evidence stay_line(std::string_view discharge, bool has_letter = false)
{
    work_evidence made;
    made.kind = work_kind::stay;
    made.item = "s1";
    made.stay = stay_id("s1");
    made.service = "4410";
    stay_facts facts;
    facts.discharge = tests::local(discharge);
    facts.has_letter = has_letter;
    static_cast<stay_verdict&>(facts) = assess(facts, {}, tests::paris());
    made.since = facts.discharge;
    made.goals = {facts.j0_deadline, facts.h48_deadline};
    made.facts = facts;
    return made;
}

work_evidence delivery_line(delivery_state state, cause why)
{
    work_evidence made;
    made.kind = work_kind::delivery;
    made.item = "d1";
    made.service = "4410";
    made.state = state;
    made.why = why;
    made.goals = {tests::local("20261121000000+0100"), tests::local("20261122100000+0100")};
    return made;
}

std::string word_at(const work_evidence& of, std::string_view when)
{
    const auto item = item_of(of, one_site(), tests::local(when));
    return item ? item->word : "";
}
}

TEST_CASE("a stay's line follows its marks, with and without a letter", "[worklist]")
{
    struct row {
        std::string_view when, without, with;
    };
    const auto tc = GENERATE(values<row>({
        {"20261120175959+0100", "", ""},
        {"20261120180000+0100", "no_letter", ""},
        {"20261121000000+0100", "j0_missed", "j0_missed_on_the_way"},
        {"20261121220000+0100", "h36_passed", "h36_passed_on_the_way"},
        {"20261122100000+0100", "h36_passed", "h36_passed_on_the_way"},
        {"20261122100001+0100", "h48_missed", "h48_missed_on_the_way"},
    }));
    CHECK(word_at(stay_line("20261120100000+0100"), tc.when) == tc.without);
    CHECK(word_at(stay_line("20261120100000+0100", true), tc.when) == tc.with);
}

TEST_CASE("the deadline is the next goal that can be kept, then the last one", "[worklist]")
{
    const auto line = stay_line("20261024150000+0200");  // the night of 25 hours
    const auto deadline = [&](std::string_view when) {
        return item_of(line, one_site(), tests::local(when)).value().deadline;
    };
    CHECK(deadline("20261024180000+0200") == tests::local("20261025000000+0200"));
    CHECK(deadline("20261025000000+0200") == tests::local("20261026140000+0100"));
    CHECK(deadline("20261030000000+0100") == tests::local("20261026140000+0100"));
    const auto item = item_of(line, one_site(), tests::local("20261025000000+0200")).value();
    CHECK(item.site == "NORD");
    CHECK(item.group == "GH EST");
    CHECK(item.since == line.since);
}

TEST_CASE("which deliveries ask for a person, and what is said of them", "[worklist]")
{
    struct row {
        delivery_state state;
        cause why;
        bool asks;
    };
    using enum delivery_state;
    const auto tc = GENERATE(values<row>({{held, cause::no_mailbox, true},
                                          {failed, cause::closed, true},
                                          {failed, cause::none, true},
                                          {undeliverable, cause::no_doctor, true},
                                          {rejected_by_software, cause::filing_904, true},
                                          {confirmed, cause::disputed, true},
                                          {accepted, cause::none, false},
                                          {queued, cause::none, false},
                                          {deferred, cause::peer_down, false},
                                          {deferred, cause::disputed, false},
                                          {other_channel, cause::none, false},
                                          {superseded, cause::none, false}}));
    CAPTURE(name(tc.state), name(tc.why));
    const auto item = item_of(delivery_line(tc.state, tc.why), one_site(), tests::local("20261120200000+0100"));
    REQUIRE(item.has_value() == tc.asks);
    delivery_row row;
    row.state = tc.state;
    row.why = tc.why;
    CHECK(asks_for_a_person(row) == tc.asks);
    row.kind = delivery_kind::mail;
    CHECK_FALSE(asks_for_a_person(row));
    if (!item) return;
    CHECK(item->word == name(tc.state));
    CHECK(item->action == facts_of(tc.why == cause::none ? cause::unknown : tc.why).action);
    CHECK_FALSE(item->actor_label.empty());
}

TEST_CASE("what people said ends by itself", "[worklist]")
{
    auto line = stay_line("20261120100000+0100");
    const auto evening = tests::local("20261120190000+0100");
    work_said said;
    said.assigned_to = "m.dupont";
    said.last = work_said::word::snoozed;
    said.until = tests::local("20261120210000+0100");
    said.about = about_of(line, evening);
    line.said = said;
    const auto at = [&](std::string_view when) { return item_of(line, one_site(), tests::local(when)).value(); };
    using standing = work_item::standing;
    CHECK(at("20261120190000+0100").stands == standing::snoozed);
    CHECK(at("20261120205959+0100").stands == standing::snoozed);
    CHECK(at("20261120210000+0100").stands == standing::open);  // the hour has come
    line.said->until = tests::local("20261130000000+0100");
    CHECK(at("20261120235959+0100").stands == standing::snoozed);
    CHECK(at("20261121000000+0100").stands == standing::open);  // another mark
    CHECK(at("20261121000000+0100").assigned_to == "m.dupont");
    line.said->last = work_said::word::done;
    line.said->reason = "CALLED";
    CHECK(at("20261120200000+0100").stands == standing::done);
    CHECK(at("20261120200000+0100").reason == "CALLED");
    CHECK(at("20261121000000+0100").stands == standing::open);
    auto held = delivery_line(delivery_state::held, cause::no_mailbox);
    held.said = *line.said;
    held.said->about = about_of(held, evening);
    CHECK(item_of(held, one_site(), evening)->stands == standing::done);
    held.why = cause::no_certificate;
    CHECK(item_of(held, one_site(), evening)->stands == standing::open);
}

TEST_CASE("what is done ends with what it was about, of lines that keep their id", "[worklist]")
{
    const auto now = tests::local("20261120190000+0100");
    using standing = work_item::standing;
    const auto done = [&](work_evidence of) {
        of.said.emplace();
        of.said->last = work_said::word::done;
        of.said->reason = "CHECKED";
        of.said->about = about_of(of, now);
        REQUIRE(item_of(of, one_site(), now).value().stands == standing::done);
        return of;
    };
    const auto stands = [&](const work_evidence& of, std::string_view when = "20261120190000+0100") {
        return item_of(of, one_site(), tests::local(when)).value().stands;
    };
    work_evidence spike;
    spike.kind = work_kind::mailbox;
    spike.item = "mailbox_volume:1";
    spike.since = tests::local("20261118120000+0100");
    spike.count = 30;
    spike = done(spike);
    spike.count = 40;  // the same one, higher
    CHECK(stands(spike) == standing::done);
    spike.since = tests::local("20261120120000+0100");  // a second one
    CHECK(stands(spike) == standing::open);

    work_evidence mismatch = spike;
    mismatch.warning = work_topic::binding_mismatch;
    mismatch.letter = letter_id("l1");
    mismatch = done(mismatch);
    mismatch.letter = letter_id("l2");
    CHECK(stands(mismatch) == standing::open);

    work_evidence patients;
    patients.kind = work_kind::patients;
    patients.item = "patients:4410";
    patients.since = tests::local("20261120120000+0100");
    patients.count = 3;
    patients = done(patients);
    patients.count = 4;  // one more is held
    CHECK(stands(patients) == standing::open);
    patients.count = 3;
    CHECK(stands(patients) == standing::done);
    patients.since = tests::local("20261120130000+0100");  // as many, but others
    CHECK(stands(patients) == standing::open);

    auto held = delivery_line(delivery_state::held, cause::no_mailbox);
    held.facts = stay_line("20261120100000+0100", true).facts;
    held = done(held);
    CHECK(stands(held, "20261120235959+0100") == standing::done);
    CHECK(stands(held, "20261121000000+0100") == standing::open);  // its stay has missed J0 meanwhile
}

TEST_CASE("the end of a page as text", "[worklist]")
{
    const work_place place{tests::local("20261121000000+0100"), "0af1-patients:4410"};
    CHECK(read_work_place(text_of(place)) == place);
    const std::string_view bad =
        GENERATE(as<std::string_view>{}, "", "-", "abc", "12", "12a-x", "99999999999999999999-x");
    CHECK_FALSE(read_work_place(bad).has_value());
    CHECK(read_work_place("-5-x")->deadline == instant(-5ms));
    CHECK(read_work_place("1-" + std::string(198, 'x')).has_value());
    CHECK_FALSE(read_work_place("1-" + std::string(199, 'x')).has_value());
}

TEST_CASE("services of a site and of a group", "[worklist]")
{
    CHECK(services_of_site(one_site(), "NORD") == std::vector<std::string>{"4410", "4420"});
    CHECK(services_of_group(one_site(), "GH EST") == std::vector<std::string>{"4410", "4420", "5510"});
    CHECK(services_of_site(one_site(), "").empty());
    CHECK(services_of_group(one_site(), "OUEST").empty());
}

TEST_CASE("every topic has its words, every code is one word", "[worklist]")
{
    std::set<std::string_view> words;
    for (const work_words& one : all_work_words()) {
        CAPTURE(one.word);
        CHECK(words.insert(one.word).second);
        for (const auto text : {one.first_actor, one.label, one.actor_label, one.action, one.action_en})
            CHECK_FALSE(text.empty());
    }
    for (const auto list : {done_reasons(), exclusion_reasons(), other_channels()})
        for (const coded_reason& one : list) {
            CHECK(one.code.find(' ') == std::string_view::npos);
            CHECK(is_known(list, one.code));
        }
    CHECK_FALSE(is_known(done_reasons(), ""));
    CHECK_FALSE(is_known(done_reasons(), "called"));
}
