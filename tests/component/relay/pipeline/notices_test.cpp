// Alerts over a real store: told once when something begins and once when it ends, in the unit that remembers it, over
// restarts; what a notice looks like.
#include <catch2/catch.hpp>

#include "mime/message/entity.hpp"
#include "mime/message/header.hpp"
#include "relay/pipeline/alert_desk.hpp"
#include "relay/pipeline/notice_mail.hpp"
#include "relay/pipeline/ports/worklist.hpp"
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
        tx.work_changes().notice_changes().save_told("webhook", {{load}, {}}, h.clock.now());
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
    CHECK(failing.front().since == h.only().created_at);
    CHECK(h.ask([](auto& r) { return r.work().notices().oldest_waiting(); }) == h.only().created_at);
    CHECK(h.look() == 0);
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
    const auto first = h.ask([&](auto& r) { return r.work().notices().due_post(h.clock.now()); }).value();
    CHECK(first.body.find("\"kind\":\"load\"") != std::string::npos);
    REQUIRE(h.store
                ->write([&](ports::transaction& tx) {
                    auto later = first;
                    later.attempts = 1;
                    later.next_try = h.clock.now() + 10s;
                    tx.work_changes().notice_changes().save_post(later);
                })
                .has_value());
    CHECK_FALSE(h.ask([&](auto& r) { return r.work().notices().due_post(h.clock.now()); }).has_value());
    h.clock.set(h.clock.now() + 10s);
    CHECK(h.ask([&](auto& r) { return r.work().notices().due_post(h.clock.now()); })->sequence == first.sequence);
    REQUIRE(
        h.store->write([&](ports::transaction& tx) { tx.work_changes().notice_changes().remove_post(first.sequence); })
            .has_value());
    CHECK(h.ask([&](auto& r) { return r.work().notices().due_post(h.clock.now()); })->sequence > first.sequence);
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
