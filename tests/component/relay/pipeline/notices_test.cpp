// Alerts over a real store: told once when something begins and once when it ends, in the unit that remembers it, over
// restarts; what a notice looks like.
#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <set>

#include <boost/json.hpp>

#include "mime/message/entity.hpp"
#include "mime/message/header.hpp"
#include "relay/pipeline/alert_desk.hpp"
#include "relay/pipeline/alert_posts.hpp"
#include "relay/pipeline/notice_mail.hpp"
#include "relay/pipeline/ports/worklist.hpp"
#include "relay/pipeline/work_desk.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
const std::string roux = "anne.roux@medecin.example";

struct told_house : tests::house {
    alert_options options{"relais.example", "alertes@hopital.example", {}, true, 168h, 30min, 120min, {},
                          tests::paris()};

    told_house()
    {
        add_doctor(roux, tests::second_doctor);
        alert_rule rule;
        rule.to = {"cadre@medecin.example", "chef@medecin.example"};
        options.rules = {rule};
    }
    std::size_t look(std::vector<alert_condition> of_the_node = {})
    {
        return alert_desk(with(), options).look(of_the_node).value();
    }
    std::vector<delivery_row> mails()
    {
        std::vector<delivery_row> found;
        for (auto& row : ask([](auto& r) { return r.deliveries_in(delivery_state::queued, 100); }))
            if (row.kind == delivery_kind::report) found.push_back(std::move(row));
        return found;
    }
    // Of a stay of service 4410, discharged on 2026-11-20, whose letter arrived at its doctor.
    delivery_id arrived(const std::string& n)
    {
        const std::string visit = "26010" + n;
        drop("a" + n + ".hl7", tests::adt_file({.control_id = "A" + n, .visit = visit, .movement = "M" + n}));
        const letter_id letter = this->letter("6" + n, visit);
        for (const auto& id : due(10).value()) attempt(id, attempt_end::accepted);
        return ask([&](auto& r) { return r.deliveries_of_letter(letter); }).front().id;
    }
    letter_id letter(const std::string& n, const std::string& visit)
    {
        drop("l" + n + ".hl7",
             tests::mdm_file(
                 {.document = "2.999.7." + n + ".1", .set = "2.999.7." + n, .visit = visit, .control_id = "L" + n}));
        const auto of_visit = [&](const letter_row& row) { return !known_letters.contains(row.id.text()); };
        const auto all = letters();
        const auto found = std::find_if(all.begin(), all.end(), of_visit);
        if (found == all.end()) throw std::runtime_error("no letter");
        known_letters.insert(found->id.text());
        return found->id;
    }
    void stay_without_letter(const std::string& n, std::string discharge)
    {
        drop(
            "s" + n + ".hl7",
            tests::adt_file(
                {.control_id = "S" + n, .visit = "26019" + n, .discharge = std::move(discharge), .movement = "S" + n}));
    }
    // Whenever its next attempt would have been.
    void try_now(const delivery_id& id, attempt_end end, int code, cause why)
    {
        store->write([&](ports::transaction& tx) { tx.make_due("medecin.example", clock.now(), clock.now(), 10); })
            .value();
        attempt(id, end, code, why);
    }
    void say(std::function<desk_answer(work_desk&)> act)
    {
        work_desk desk(*store, clock, tests::site().stays);
        REQUIRE(act(desk) == desk_answer::done);
    }
    std::optional<ports::alert_post> due_post()
    {
        const due_times times = post_policy().due_at(clock.now());
        return ask([&](auto& r) { return r.work().notices().due_post(times); });
    }
    // What the web address is told by the posts that have not left, one word a condition; they are taken.
    std::vector<std::string> posted()
    {
        std::vector<std::string> words;
        while (const auto post = due_post()) {
            const auto body = boost::json::parse(post->body).as_object();
            for (const char* list : {"begun", "ended"})
                for (const auto& one : body.at(list).as_array())
                    words.push_back(std::string(list) + " " + std::string(one.at("kind").as_string()) + " " +
                                    std::string(one.at("subject").as_string()));
            store
                ->write([&](ports::transaction& tx) { tx.work_changes().notice_changes().remove_post(post->sequence); })
                .value();
        }
        return words;
    }
    // What one more look tells the web address.
    std::vector<std::string> news(alert_limits limits = {})
    {
        alert_desk(with(), options, limits).look({}).value();
        return posted();
    }
    // The web address alone is told that the 48 h of a stay, discharged on 2026-11-20 at 14:10, were missed.
    void miss_48_h(std::string_view at)
    {
        options.rules.clear();
        stay_without_letter("1", "20261120141000");
        clock.set(tests::local(at));
        CHECK(news() == std::vector<std::string>{"begun h48_missed 4410"});
    }
    std::set<std::string> known_letters;

    std::string text_of(const delivery_row& row)
    {
        const auto object = ask([&](auto& r) { return r.blob(row.mail); });
        return vault.open(object.value()).value();
    }
    std::int64_t posts()
    {
        return ask([](auto& r) { return r.work().notices().posts_waiting(); });
    }
};
}

TEST_CASE("an alert is told to each once when it begins and once when it ends", "[notices]")
{
    told_house h;
    h.drop("a.hl7", tests::adt_file());
    CHECK(h.look() == 0);
    h.clock.set(tests::local("20261120180000+0100"));
    CHECK(h.look() == 3);  // two people and the web address
    for (int n = 0; n < 3; ++n) CHECK(h.look() == 0);
    CHECK(h.mails().size() == 2);
    CHECK(h.posts() == 1);
    h.open();  // the process died and came back
    CHECK(h.look() == 0);
    h.drop("l.hl7", tests::mdm_file());
    CHECK(h.look() == 3);
    CHECK(h.look() == 0);
    CHECK(h.mails().size() == 4);
    h.clock.set(tests::local("20261121000000+0100"));
    CHECK(h.look() == 3);  // J0 was missed: another thing begins
    CHECK(h.posts() == 3);
}

TEST_CASE("what was not stored was not told", "[notices]")
{
    told_house h;
    const alert_condition load{alert_kind::load, "", 1, h.clock.now()};
    // The unit is undone as a whole: neither mail nor memory.
    const auto failed = h.store->write([&](ports::transaction& tx) {
        tx.work_changes().notice_changes().save_told("webhook", {{load}, {}, {}}, h.clock.now());
        ports::alert_post post;
        post.body = "{}";
        tx.work_changes().notice_changes().add_post(post);
        throw std::runtime_error("killed between");
    });
    CHECK_FALSE(failed.has_value());
    CHECK(h.posts() == 0);
    CHECK(h.look({load}) == 3);
    CHECK(h.look({load}) == 0);
    CHECK(h.look() == 3);
}

TEST_CASE("somebody new is told what stands, the others nothing", "[notices]")
{
    told_house h;
    const alert_condition load{alert_kind::load, "", 1, h.clock.now()};
    CHECK(h.look({load}) == 3);
    h.options.rules.front().to.push_back("nouveau@medecin.example");
    CHECK(h.look({load}) == 1);
    h.options.rules.front().to = {"CADRE@medecin.example"};  // the same mailbox
    CHECK(h.look({load}) == 0);
}

TEST_CASE("a domain that takes nothing for 30 minutes, a queue that grows old", "[notices]")
{
    told_house h;
    h.options.rules.front().to = {"exploitant@medecin.example"};
    h.options.webhook = false;
    h.drop("l.hl7", tests::mdm_file());
    h.attempt(h.only().id, attempt_end::temporary, 0, cause::peer_down);
    h.clock.set(h.clock.now() + 30min - 1ms);
    CHECK(h.look() == 0);
    h.clock.set(h.clock.now() + 1ms);
    CHECK(h.look() == 1);
    CHECK(h.text_of(h.mails().front()).find("medecin.example") != std::string::npos);
    h.clock.set(h.clock.now() + 90min);
    CHECK(h.look() == 1);  // the queue
    h.attempt(h.only().id, attempt_end::accepted);
    h.clock.set(h.clock.now() + 1min);
    CHECK(h.look() == 1);  // both end in one mail
    CHECK(h.look() == 0);
}

TEST_CASE("neither alert ends while the letter is being tried again", "[notices]")
{
    told_house h;
    h.options.rules.front().to = {"exploitant@hopital.example"};
    h.options.webhook = false;
    h.drop("l.hl7", tests::mdm_file());
    const delivery_id id = h.only().id;
    const instant failed_at = h.clock.now();
    h.attempt(id, attempt_end::temporary, 0, cause::peer_down);
    h.clock.set(h.clock.now() + 120min);
    CHECK(h.look() == 1);  // both begin in one mail
    REQUIRE(h.outbound->prepare(id).value().has_value());
    REQUIRE(h.only().state == delivery_state::sending);
    CHECK(h.only().why == cause::peer_down);  // an attempt keeps why it is one more
    // Nothing else waits for that domain: no lane names it.
    const auto failing = h.ask([&](auto& r) { return r.work().notices().failing_domains(h.clock.now() - 30min); });
    REQUIRE(failing.size() == 1);
    CHECK(failing.front().subject == "medecin.example");
    CHECK(failing.front().since == failed_at);
    CHECK(h.ask([](auto& r) { return r.work().notices().oldest_waiting(); }) == h.only().created_at);
    CHECK(h.look() == 0);
}

using words = std::vector<std::string>;

TEST_CASE("a dispute is told whenever it comes, each by itself, and ends with what people do", "[notices]")
{
    told_house h;
    h.options.rules.clear();
    const delivery_id first = h.arrived("1"), second = h.arrived("2");
    const std::string dispute = "disputed " + h.letters().front().service;
    REQUIRE(h.letters().back().service == h.letters().front().service);  // the second is not masked by the first
    CHECK(h.news().empty());
    h.clock.set(h.clock.now() + 30 * 24h);  // far behind the window
    h.tell(first, event_kind::disputed, cause::disputed);
    CHECK(h.news() == words{"begun " + dispute});
    CHECK(h.news().empty());
    h.clock.set(h.clock.now() + 8 * 24h);
    CHECK(h.news().empty());  // it is as open as it was
    h.tell(second, event_kind::disputed, cause::disputed);
    CHECK(h.news() == words{"begun " + dispute});
    h.open();
    CHECK(h.news().empty());
    h.say([&](work_desk& desk) { return desk.finish(first.text(), "CHECKED", "alice").value(); });
    CHECK(h.news() == words{"ended " + dispute});
    h.say([&](work_desk& desk) { return desk.snooze(second.text(), h.clock.now() + 24h, "alice").value(); });
    CHECK(h.news().empty());  // put off, not over
    h.clock.set(h.clock.now() + 24h);
    CHECK(h.news() == words{"begun " + dispute});  // its hour has come
    h.say([&](work_desk& desk) { return desk.finish(second.text(), "CHECKED", "alice").value(); });
    CHECK(h.news() == words{"ended " + dispute});
}

TEST_CASE("what grows older than the window is not over for that, and does not mask what begins", "[notices]")
{
    told_house h;
    h.miss_48_h("20261122141001+0100");
    h.clock.set(tests::local("20261129141000+0100"));
    CHECK(h.news().empty());  // 48 h and the window to the millisecond
    h.clock.set(tests::local("20261129150000+0100"));
    CHECK(h.news().empty());
    h.open();
    CHECK(h.news().empty());
    h.stay_without_letter("2", "20261127160000");
    CHECK(h.news() == words{"begun h36_passed 4410"});
    h.clock.set(tests::local("20261129160001+0100"));
    CHECK(h.news() == words{"begun h48_missed 4410", "ended h36_passed 4410"});
    for (const auto& stay : h.stays())
        h.say([&](work_desk& desk) { return desk.exclude(stay.id.text(), "NO_LETTER_DUE", "alice").value(); });
    CHECK(h.news() == words{"ended h48_missed 4410"});
    CHECK(h.news().empty());
}

TEST_CASE("an old line that is done ends what nobody was told of any more", "[notices]")
{
    told_house h;
    h.miss_48_h("20261122150000+0100");
    h.clock.set(tests::local("20261215150000+0100"));
    CHECK(h.news().empty());
    const std::string item = h.stays().front().id.text();
    h.say([&](work_desk& desk) { return desk.finish(item, "CALLED", "alice").value(); });
    CHECK(h.news() == words{"ended h48_missed 4410"});
}

TEST_CASE("beyond the bound of a service nothing begins and nothing ends", "[notices]")
{
    told_house h;
    h.options.rules.clear();
    const alert_limits limits{.lines_at_once = 2, .lines_of_a_service = 4};
    const auto stay_of_14_h = [&](int n) {
        h.stay_without_letter(std::to_string(n), "20261120" + std::to_string(140000 + n));
    };
    for (int n = 0; n < 3; ++n) stay_of_14_h(n);
    h.clock.set(tests::local("20261122060000+0100"));
    CHECK(h.news(limits) == words{"begun h36_passed 4410"});
    h.stay_without_letter("8", "20261121190000");  // by its deadline the last line
    CHECK(h.news(limits) == words{"begun j0_missed 4410"});
    stay_of_14_h(3);  // and now the fifth
    for (int n = 0; n < 3; ++n) CHECK(h.news(limits).empty());
    CHECK(h.news().empty());
    const auto exclude = [&](const stay_row& stay) {
        h.say([&](work_desk& desk) { return desk.exclude(stay.id.text(), "NO_LETTER_DUE", "alice").value(); });
    };
    const auto stays = h.stays();
    exclude(*std::min_element(stays.begin(), stays.end(),
                              [](const stay_row& a, const stay_row& b) { return a.discharge < b.discharge; }));
    CHECK(h.news(limits).empty());
    for (const auto& stay : h.stays())
        if (stay.exclusion.empty()) exclude(stay);
    CHECK(h.news(limits) == words{"ended h36_passed 4410", "ended j0_missed 4410"});
    for (int n = 4; n < 8; ++n) stay_of_14_h(n);
    h.stay_without_letter("9", "20261121190000");
    CHECK(h.news(limits) == words{"begun h36_passed 4410"});  // nobody has come to the fifth
    CHECK(h.news() == words{"begun j0_missed 4410"});
}

TEST_CASE("more lines of a service than one page holds neither begin nor end twice", "[notices]")
{
    told_house h;
    h.options.rules.clear();
    for (int n = 0; n < 7; ++n) h.stay_without_letter(std::to_string(n), "20261120" + std::to_string(141000 + n));
    h.stay_without_letter("8", "20261121190000");
    h.clock.set(tests::local("20261122060000+0100"));
    CHECK(h.news({.lines_at_once = 3}) == words{"begun h36_passed 4410", "begun j0_missed 4410"});
    CHECK(h.news({.lines_at_once = 3}).empty());
    CHECK(h.news({.lines_at_once = 8}).empty());
}

TEST_CASE("the age of a peer's failure is counted from the failure, not from the letter", "[notices]")
{
    told_house h;
    h.options.rules.clear();
    h.options.queue = 1000min;
    h.drop("l.hl7", tests::mdm_file());
    const delivery_id id = h.only().id;
    const auto pass = [&](std::chrono::milliseconds time) { h.clock.set(h.clock.now() + time); };
    h.try_now(id, attempt_end::temporary, 452, cause::mailbox_full);
    pass(3h);  // it waits for reasons of its own
    h.try_now(id, attempt_end::temporary, 0, cause::peer_down);
    CHECK(h.news().empty());
    pass(20min);
    h.try_now(id, attempt_end::uncertain, 0, cause::reply_lost);
    pass(10min - 1ms);
    CHECK(h.news().empty());
    pass(1ms);
    CHECK(h.news() == words{"begun peer medecin.example"});
    pass(10min);
    h.try_now(id, attempt_end::temporary, 0, cause::tls_refused);  // never one per retry
    CHECK(h.news().empty());
    pass(20min);
    h.try_now(id, attempt_end::temporary, 451, cause::mailbox_full);  // it answers
    CHECK(h.news() == words{"ended peer medecin.example"});
    pass(20min);
    h.try_now(id, attempt_end::temporary, 0, cause::peer_down);
    pass(30min - 1ms);
    CHECK(h.news().empty());
    pass(1ms);
    CHECK(h.news() == words{"begun peer medecin.example"});
}

TEST_CASE("a young letter does not make its peer's failure young, an old failure nobody waits for is forgotten",
          "[notices]")
{
    told_house h;
    h.options.rules.clear();
    h.options.queue = 10'000min;
    const auto pass = [&](std::chrono::milliseconds time) { h.clock.set(h.clock.now() + time); };
    const auto only_of = [&](const letter_id& letter) {
        return h.ask([&](auto& r) { return r.deliveries_of_letter(letter); }).front().id;
    };
    const delivery_id first = only_of(h.letter("1", "260181"));
    h.try_now(first, attempt_end::temporary, 0, cause::peer_down);
    pass(29min);
    const delivery_id second = only_of(h.letter("2", "260182"));
    h.try_now(second, attempt_end::temporary, 0, cause::peer_down);
    h.tell(first, event_kind::cancelled);
    pass(1min);
    CHECK(h.news() == words{"begun peer medecin.example"});
    h.tell(second, event_kind::cancelled);
    CHECK(h.news() == words{"ended peer medecin.example"});
    pass(5h);
    const delivery_id third = only_of(h.letter("3", "260183"));
    h.try_now(third, attempt_end::temporary, 0, cause::peer_down);
    CHECK(h.news().empty());
    pass(30min);
    CHECK(h.news() == words{"begun peer medecin.example"});
}

TEST_CASE("posts leave in their order and give way when nobody takes them", "[notices]")
{
    told_house h;
    const auto load = [&](bool on) {
        return on ? std::vector<alert_condition>{{alert_kind::load, "", 1, h.clock.now()}}
                  : std::vector<alert_condition>{};
    };
    h.options.rules.clear();
    for (int n = 0; n < 4; ++n) {
        CHECK(alert_desk(h.with(), h.options, {.posts = 3}).look(load(n % 2 == 0)).value() == (n < 3 ? 1 : 0));
    }
    CHECK(h.posts() == 3);
    const auto first = h.due_post().value();
    CHECK(first.body.find("\"kind\":\"load\"") != std::string::npos);
    REQUIRE(h.store
                ->write([&](ports::transaction& tx) {
                    auto later = first;
                    later.attempts = 1;
                    later.next_try = h.clock.now() + 10s;
                    tx.work_changes().notice_changes().save_post(later);
                })
                .has_value());
    CHECK_FALSE(h.due_post().has_value());
    h.clock.set(first.created_at - 9h);  // the clock was ahead: no pause is that long
    CHECK(h.due_post()->sequence == first.sequence);
    h.clock.set(first.created_at + 10s);
    CHECK(h.due_post()->sequence == first.sequence);
    REQUIRE(
        h.store->write([&](ports::transaction& tx) { tx.work_changes().notice_changes().remove_post(first.sequence); })
            .has_value());
    CHECK(h.due_post()->sequence > first.sequence);
}

TEST_CASE("a digest is remembered by group and week", "[notices]")
{
    told_house h;
    const auto sent = [&](std::string_view group, std::string_view week) {
        return h.ask([&](auto& r) { return r.work().notices().is_digest_sent(group, week); });
    };
    CHECK_FALSE(sent("GH EST", "2026-W47"));
    for (int n = 0; n < 2; ++n)
        REQUIRE(h.store
                    ->write([&](ports::transaction& tx) {
                        tx.work_changes().notice_changes().save_digest_sent("GH EST", "2026-W47", h.clock.now());
                    })
                    .has_value());
    CHECK(sent("GH EST", "2026-W47"));
    CHECK_FALSE(sent("GH EST", "2026-W48"));
    CHECK_FALSE(sent("GH SUD", "2026-W47"));
}

TEST_CASE("a notice as it travels", "[notices]")
{
    notice what{
        "alertes@hopital.example", "cadre@medecin.example", "Bilan : médecine", "é\n", "<p>é</p>", "\x89PNG", "c.png",
        "1@relais.example"};
    const auto bytes = write_notice(what, date_of(tests::local("20261120150000+0100"), tests::paris())).value();
    const auto mail = mime::message::read_entity(bytes).value();
    CHECK(mail.root().is("multipart", "alternative"));
    REQUIRE(mail.find("text", "plain") != nullptr);
    REQUIRE(mail.find("text", "html") != nullptr);
    REQUIRE(mail.find("image", "png") != nullptr);
    CHECK(mail.decoded_body(*mail.find("text", "html")).value().find("<p>é</p>") != std::string::npos);
    CHECK(mail.decoded_body(*mail.find("image", "png")).value() == "\x89PNG");
    const auto header = mime::message::header_view::read(bytes).value();
    CHECK(header.find("Auto-Submitted") == "auto-generated");
    CHECK(mime::message::decode_words(header.find("Subject").value()) == "Bilan : médecine");
    what.html.clear();
    const auto plain = write_notice(what, date_of(tests::local("20261120150000+0100"), tests::paris())).value();
    CHECK(mime::message::read_entity(plain).value().root().is("text", "plain"));
    what.to = "nobody";
    CHECK_FALSE(write_notice(what, date_of(tests::local("20261120150000+0100"), tests::paris())).has_value());
}
