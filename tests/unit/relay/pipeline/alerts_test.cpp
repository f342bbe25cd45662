// What is told when: once when it begins, once when it ends, at the hours of those it is told to.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "relay/pipeline/alerts.hpp"
#include "tests/support/site.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
organisation one_site()
{
    return organisation({{"NORD", "Site Nord", "GH EST", tests::paris(), {{"4410", "Cardiologie"}}}});
}

alert_condition holds(alert_kind kind, std::string subject)
{
    return {kind, std::move(subject), 2, tests::local("20261120100000+0100")};
}

told_alert known(alert_kind kind, std::string subject)
{
    return {kind, std::move(subject), tests::local("20261120110000+0100")};
}

std::vector<std::string> keys(const auto& list)
{
    std::vector<std::string> found;
    for (const auto& one : list) found.push_back(one.key());
    return found;
}
}

TEST_CASE("conditions now against conditions told", "[alerts]")
{
    using list = std::vector<std::string>;
    struct row {
        list now, told, begun, ended;
    };
    const auto tc = GENERATE(values<row>({
        {{}, {}, {}, {}},
        {{"a"}, {}, {"a"}, {}},
        {{"a"}, {"a"}, {}, {}},
        {{}, {"a"}, {}, {"a"}},
        {{"a", "b"}, {"b", "c"}, {"a"}, {"c"}},
        {{"a", "a"}, {}, {"a"}, {}},
    }));
    std::vector<alert_condition> now;
    std::vector<told_alert> told;
    for (const auto& one : tc.now) now.push_back(holds(alert_kind::peer, one));
    for (const auto& one : tc.told) told.push_back(known(alert_kind::peer, one));
    const auto prefixed = [](list words) {
        for (auto& word : words) word = "peer:" + word;
        return words;
    };
    const alert_news news = news_of(now, told);
    CHECK(keys(news.begun) == prefixed(tc.begun));
    CHECK(keys(news.ended) == prefixed(tc.ended));
    CHECK(news.empty() == (tc.begun.empty() && tc.ended.empty()));
}

TEST_CASE("the news does not depend on the order", "[alerts]")
{
    std::minstd_rand random(GENERATE(1U, 2U, 3U));
    std::vector<alert_condition> now;
    std::vector<told_alert> told;
    for (int n = 0; n < 20; ++n) {
        if (random() % 2 == 0) now.push_back(holds(alert_kind::j0_missed, std::to_string(n)));
        if (random() % 2 == 0) told.push_back(known(alert_kind::j0_missed, std::to_string(n)));
    }
    const auto before = news_of(now, told);
    std::shuffle(now.begin(), now.end(), random);
    std::shuffle(told.begin(), told.end(), random);
    CHECK(keys(news_of(now, told).begun) == keys(before.begun));
    CHECK(keys(news_of(now, told).ended) == keys(before.ended));
}

TEST_CASE("the same subject of two kinds is two alerts", "[alerts]")
{
    const alert_condition now[] = {holds(alert_kind::j0_missed, "4410")};
    const told_alert told[] = {known(alert_kind::no_letter, "4410")};
    CHECK(news_of(now, told).begun.size() == 1);
    CHECK(news_of(now, told).ended.size() == 1);
}

TEST_CASE("hours of the local day, also when clocks change", "[alerts]")
{
    struct row {
        alert_hours hours;
        std::string_view at;
        bool open;
    };
    constexpr int seven = 7 * 60, twenty = 20 * 60;
    const auto tc = GENERATE(values<row>({{{seven, twenty}, "20261120065959+0100", false},
                                          {{seven, twenty}, "20261120070000+0100", true},
                                          {{seven, twenty}, "20261120195959+0100", true},
                                          {{seven, twenty}, "20261120200000+0100", false},
                                          {{twenty, seven}, "20261120065959+0100", true},
                                          {{twenty, seven}, "20261120120000+0100", false},
                                          {{twenty, seven}, "20261120200000+0100", true},
                                          {{0, 0}, "20261120030000+0100", true},
                                          {{seven, twenty}, "20261025065959+0100", false},
                                          {{seven, twenty}, "20261025070000+0100", true},
                                          {{seven, twenty}, "20270328070000+0200", true},
                                          {{seven, twenty}, "20270328065959+0200", false}}));
    CAPTURE(tc.at);
    CHECK(is_within(tc.hours, tests::local(tc.at), tests::paris()) == tc.open);
}

TEST_CASE("whom what concerns", "[alerts]")
{
    alert_rule all;
    CHECK(concerns(all, alert_kind::no_letter, "4410"));
    CHECK(concerns(all, alert_kind::load, ""));
    alert_rule ward;
    ward.all_services = ward.node = false;
    ward.services = {"4410"};
    CHECK(concerns(ward, alert_kind::no_letter, "4410"));
    CHECK_FALSE(concerns(ward, alert_kind::no_letter, "4420"));
    CHECK_FALSE(concerns(ward, alert_kind::peer, "medecin.example"));
    ward.kinds = {alert_kind::h48_missed};
    CHECK_FALSE(concerns(ward, alert_kind::no_letter, "4410"));
    CHECK(concerns(ward, alert_kind::h48_missed, "4410"));
}

TEST_CASE("outside its hours a service is told nothing, and the node's own is", "[alerts]")
{
    alert_rule rule;
    rule.hours = {7 * 60, 20 * 60};
    const alert_condition now[] = {holds(alert_kind::no_letter, "4410"), holds(alert_kind::load, "")};
    const told_alert told[] = {known(alert_kind::j0_missed, "4410"), known(alert_kind::queue, "")};
    const auto night = round_of(rule, now, told, tests::local("20261120230000+0100"), tests::paris());
    CHECK(keys(news_of(night.now, night.told).begun) == std::vector<std::string>{"load:"});
    CHECK(keys(news_of(night.now, night.told).ended) == std::vector<std::string>{"queue:"});
    const auto day = round_of(rule, now, told, tests::local("20261121080000+0100"), tests::paris());
    CHECK(news_of(day.now, day.told).begun.size() == 2);
    CHECK(news_of(day.now, day.told).ended.size() == 2);
}

TEST_CASE("what goes quiet is no end, what is loud again is a beginning, what was not seen is neither", "[alerts]")
{
    using enum alert_voice;
    struct row {
        std::optional<alert_voice> now, told;
        std::string_view news;
    };
    const auto tc = GENERATE(values<row>({{loud, {}, "begun"},
                                          {quiet, {}, ""},
                                          {unseen, {}, ""},
                                          {loud, loud, ""},
                                          {quiet, loud, "hushed"},
                                          {unseen, loud, ""},
                                          {{}, loud, "ended"},
                                          {loud, quiet, "begun"},
                                          {quiet, quiet, ""},
                                          {unseen, quiet, ""},
                                          {{}, quiet, "ended"}}));
    std::vector<alert_condition> now;
    std::vector<told_alert> told;
    if (tc.now) now.push_back(holds(alert_kind::h48_missed, "4410"));
    if (tc.now) now.back().voice = *tc.now;
    if (tc.told) told.push_back(known(alert_kind::h48_missed, "4410"));
    if (tc.told) told.back().voice = *tc.told;
    const alert_news news = news_of(now, told);
    CHECK(news.begun.size() == (tc.news == "begun" ? 1 : 0));
    CHECK(news.ended.size() == (tc.news == "ended" ? 1 : 0));
    CHECK(news.hushed.size() == (tc.news == "hushed" ? 1 : 0));
    CHECK(news.says_something() == (tc.news == "begun" || tc.news == "ended"));
    CHECK(news.empty() == tc.news.empty());
}

TEST_CASE("of two conditions of one key the more audible counts, whatever their order", "[alerts]")
{
    std::vector<alert_condition> now(2, holds(alert_kind::h48_missed, "4410"));
    now[GENERATE(0U, 1U)].voice = GENERATE(alert_voice::quiet, alert_voice::unseen);
    CHECK(news_of(now, {}).begun.size() == 1);
}

TEST_CASE("lines of the worklist as conditions of their service", "[alerts]")
{
    const auto line = [](attention mark, cause why, std::string_view since) {
        work_item made;
        made.service = "4410";
        made.mark = mark;
        made.why = why;
        made.since = tests::local(since);
        made.deadline = made.since + 48h;
        return made;
    };
    const instant window = tests::local("20261113120000+0100");
    line_alerts found(window);
    found.add(line(attention::j0_missed, cause::none, "20261120100000+0100"));
    found.add(line(attention::j0_missed, cause::closed, "20261120090000+0100"));
    found.add(line(attention::none, cause::no_mailbox, "20261120120000+0100"));
    auto mailbox = line(attention::none, cause::none, "20261120120000+0100");
    mailbox.kind = work_kind::mailbox;
    found.add(mailbox);
    auto done = line(attention::h36_passed, cause::none, "20261119090000+0100");
    done.stands = work_item::standing::done;
    found.add(done);
    const auto all = found.conditions();
    REQUIRE(keys(all) == std::vector<std::string>{"directory:4410", "j0_missed:4410"});
    CHECK(all[1].count == 2);
    CHECK(all[1].since == tests::local("20261120090000+0100"));
    CHECK(found.has(alert_kind::j0_missed, "4410"));
    CHECK_FALSE(found.has(alert_kind::j0_missed, "4420"));
    CHECK_FALSE(found.has(alert_kind::h36_passed, "4410"));
}

TEST_CASE("lines that are old or put off hold an alert up, and do not begin one", "[alerts]")
{
    const instant window = tests::local("20261113120000+0100");
    work_item line;
    line.service = "4410";
    line.mark = attention::h48_missed;
    line.deadline = window + 1ms;
    line_alerts fresh(window), old(window), asleep(window), both(window);
    fresh.add(line);
    CHECK(fresh.conditions().front().voice == alert_voice::loud);
    line.deadline = window;
    old.add(line);
    CHECK(old.conditions().front().voice == alert_voice::quiet);
    line.deadline = window + 1h;
    line.stands = work_item::standing::snoozed;
    asleep.add(line);
    CHECK(asleep.conditions().front().voice == alert_voice::quiet);
    both.add(line);
    line.stands = work_item::standing::open;
    both.add(line);
    line.deadline = window;
    both.add(line);
    REQUIRE(both.conditions().size() == 1);
    CHECK(both.conditions().front().voice == alert_voice::loud);
    CHECK(both.conditions().front().count == 1);  // what is told counts what is told
}

TEST_CASE("each dispute is an alert of its own, however old its letter", "[alerts]")
{
    line_alerts found(tests::local("20261113120000+0100"));
    work_item line;
    line.kind = work_kind::delivery;
    line.service = "4410";
    line.why = cause::disputed;
    line.deadline = tests::local("20260601120000+0200");
    for (const char* id : {"d1", "d2"}) {
        line.id = id;
        found.add(line);
    }
    line.id = "d3";
    line.stands = work_item::standing::done;
    found.add(line);
    const auto all = found.conditions();
    REQUIRE(keys(all) == std::vector<std::string>{"disputed:4410:d1", "disputed:4410:d2"});
    CHECK(all[0].voice == alert_voice::loud);
    told_alert first = known(alert_kind::disputed, "4410");
    first.item = "d1";
    const std::vector<told_alert> told{first};
    CHECK(keys(news_of(all, told).begun) == std::vector<std::string>{"disputed:4410:d2"});
    const auto text =
        write_alert({all, {first}}, one_site(), "relais.example", tests::local("20261120183000+0100"), tests::paris());
    CHECK(text.body.find("ligne : d2") != std::string::npos);
    CHECK(text.body.find("ligne : d1", text.body.find("Fin :")) != std::string::npos);
    CHECK(write_alert_json({all, {}}, one_site(), "relais.example", tests::local("20261120183000+0100"))
              .find(R"("item":"d2")") != std::string::npos);
}

TEST_CASE("what people and programs read", "[alerts]")
{
    const alert_news news{{holds(alert_kind::no_letter, "4410")}, {known(alert_kind::peer, "medecin.example")}};
    const auto text =
        write_alert(news, one_site(), "relais.example", tests::local("20261120183000+0100"), tests::paris());
    CHECK(text.subject == "Liaison relais.example : 1 alerte, 1 fin d'alerte");
    CHECK(text.body.find("service 4410 Cardiologie, site NORD") != std::string::npos);
    CHECK(text.body.find("nombre : 2, depuis le 20/11/2026 10:00") != std::string::npos);
    CHECK(text.body.find("medecin.example, annoncé le 20/11/2026 11:00") != std::string::npos);
    CHECK(
        write_alert_json(news, one_site(), "relais.example", tests::local("20261120183000+0100")) ==
        R"({"node":"relais.example","at":"2026-11-20T17:30:00Z",)"
        R"("begun":[{"kind":"no_letter","subject":"4410","site":"NORD","group":"GH EST","count":2,)"
        R"("since":"2026-11-20T09:00:00Z"}],)"
        R"("ended":[{"kind":"peer","subject":"medecin.example","site":"","group":"","told_at":"2026-11-20T10:00:00Z"}]})");
}

TEST_CASE("every kind has its words and is read back", "[alerts]")
{
    for (std::size_t at = 0; at < static_cast<std::size_t>(alert_kind::count_); ++at) {
        const auto kind = static_cast<alert_kind>(at);
        CHECK(alert_kind_from(name(kind)) == kind);
        CHECK_FALSE(label_of(kind).empty());
        CHECK_FALSE(action_of(kind).empty());
    }
    CHECK_FALSE(alert_kind_from("").has_value());
    CHECK_FALSE(alert_kind_from("weather").has_value());
}
