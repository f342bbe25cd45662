// Intent → act → outcome, over a real store and a clock moved by hand.
#include <catch2/catch.hpp>

#include "mime/text/digest.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;
using tests::house;

namespace {
const std::string roux = "anne.roux@medecin.example";

struct queued_letter : house {
    delivery_id id;
    queued_letter()
    {
        add_doctor(roux, tests::second_doctor);
        drop("lettre.hl7", tests::mdm_file());
        id = only().id;
    }
    delivery_state state() { return only().state; }
    bool waits_for_ack(char kind)
    {
        const auto all = acks();
        const std::string name = "lettre.hl7.z02-" + id.text().substr(11) + "-2" + kind + ".hl7";
        return all.size() == 1 && all.contains(name);
    }
};
}

TEST_CASE("the intent is durable before anything is sent", "[outbound]")
{
    queued_letter h;
    REQUIRE(h.due(10).value() == std::vector{h.id});
    const auto mail = h.outbound->prepare(h.id).value();
    REQUIRE(mail.has_value());
    CHECK(mail->recipient == roux);
    CHECK(mail->reverse_path == tests::hospital_address);
    CHECK(mail->to.host == "operateur.example");
    CHECK(relay::base::is_token(mail->envid));
    const auto row = h.only();
    CHECK(row.state == delivery_state::sending);
    CHECK(row.attempts == 1);
    CHECK(row.envid == mail->envid);
    CHECK(row.message_id.ends_with("@relais.example"));
    CHECK(row.sealed_sha256 == mime::hex(mime::sha256(*mail->bytes)));
    CHECK(h.due(10)->empty());
    CHECK_FALSE(h.outbound->prepare(h.id).value().has_value());  // once at a time
}

TEST_CASE("answers move the delivery", "[outbound]")
{
    struct row {
        attempt_end end;
        int code;
        cause why;
        delivery_state state;
        std::string_view zam;  // the acknowledgement it makes: N or none
    };
    for (const row& tc : {row{attempt_end::accepted, 250, cause::none, delivery_state::accepted, ""},
                          row{attempt_end::temporary, 451, cause::peer_down, delivery_state::deferred, ""},
                          row{attempt_end::permanent, 550, cause::no_mailbox, delivery_state::failed, "N"},
                          row{attempt_end::uncertain, 0, cause::reply_lost, delivery_state::uncertain, ""}}) {
        CAPTURE(tc.code);
        queued_letter h;
        h.attempt(h.id, tc.end, tc.code, tc.why);
        const auto row = h.only();
        CHECK(row.state == tc.state);
        CHECK(row.why == tc.why);
        CHECK(row.accepted_at.has_value() == (tc.end == attempt_end::accepted));
        CHECK(h.events(h.id).back().facts.smtp_code == tc.code);
        if (tc.zam.empty())
            CHECK(h.acks().empty());
        else
            CHECK(h.waits_for_ack('N'));
        const bool again = tc.state == delivery_state::deferred || tc.state == delivery_state::uncertain;
        CHECK(h.due(10)->empty());
        h.clock.advance(95s);  // 120 s − 20 % at the earliest
        CHECK(h.due(10)->empty());
        h.clock.advance(50s);  // 120 s + 20 % at the latest
        CHECK(h.due(10)->size() == (again ? 1U : 0U));
    }
}

TEST_CASE("nothing waits for an hour that a clock ahead of time has given it", "[outbound]")
{
    queued_letter h;
    const instant queued = h.clock.now();
    SECTION("queued: it leaves")
    {
        h.clock.set(queued - 9h);
        REQUIRE(h.due(10)->size() == 1);
        CHECK(h.outbound->prepare(h.id).value().has_value());
    }
    SECTION("deferred: its pause is over once it is longer than any")
    {
        h.attempt(h.id, attempt_end::temporary, 451, cause::peer_down);
        h.clock.set(queued - 80min);  // it might be a pause
        CHECK(h.due(10)->empty());
        h.clock.set(queued - 9h);
        REQUIRE(h.due(10)->size() == 1);
        CHECK(h.outbound->prepare(h.id).value().has_value());
    }
}

TEST_CASE("an attempt again is the same bytes and the same ids", "[outbound]")
{
    queued_letter h;
    const auto first = h.attempt(h.id, attempt_end::temporary, 451, cause::peer_down);
    h.directory.rows.clear();  // whatever changed since
    h.directory.der.clear();
    const auto message_id = h.only().message_id;
    h.clock.advance(1h);
    const auto second = h.attempt(h.id, attempt_end::uncertain, 0, cause::reply_lost);
    CHECK(*second.bytes == *first.bytes);
    CHECK(second.envid == first.envid);
    CHECK(second.lease > first.lease);
    CHECK(h.only().message_id == message_id);
    CHECK(h.only().attempts == 2);
}

TEST_CASE("an outcome from a lost lease is refused", "[outbound]")
{
    queued_letter h;
    const auto old = h.outbound->prepare(h.id).value();
    REQUIRE(h.outbound->recover().value() == 1);
    const auto newer = h.outbound->prepare(h.id).value();
    REQUIRE(newer.has_value());
    attempt_result outcome;
    outcome.end = attempt_end::permanent;
    outcome.smtp_code = 550;
    REQUIRE(h.outbound->finish(*old, outcome).has_value());
    CHECK(h.state() == delivery_state::sending);
    outcome.end = attempt_end::accepted;
    REQUIRE(h.outbound->finish(*newer, outcome).has_value());
    CHECK(h.state() == delivery_state::accepted);
}

TEST_CASE("a crash between intent and outcome makes it uncertain, and the same mail leaves again", "[outbound]")
{
    queued_letter h;
    const auto lost = h.outbound->prepare(h.id).value();
    h.open();
    CHECK(h.state() == delivery_state::sending);
    CHECK(h.outbound->recover().value() == 1);
    CHECK(h.outbound->recover().value() == 0);
    CHECK(h.state() == delivery_state::uncertain);
    REQUIRE(h.due(10)->size() == 1);
    const auto again = h.attempt(h.id, attempt_end::accepted);
    CHECK(*again.bytes == *lost->bytes);
    CHECK(again.envid == lost->envid);
    CHECK(h.state() == delivery_state::accepted);
}

TEST_CASE("after its day a delivery is given up, and the hospital hears of it once", "[outbound]")
{
    SECTION("never sent")
    {
        queued_letter h;
        h.clock.advance(24h - 1ms);
        CHECK(h.outbound->expire().value() == 0);
        h.clock.advance(1ms);
        CHECK(h.outbound->expire().value() == 1);
        CHECK(h.outbound->expire().value() == 0);
        CHECK(h.state() == delivery_state::undeliverable);
        CHECK(h.only().why == cause::expired);
        CHECK(h.waits_for_ack('N'));
        CHECK(h.acks().begin()->second.find("420") != std::string::npos);
        CHECK(h.outbound->requeue(h.id).value());  // by a person, with a new day
        CHECK(h.outbound->expire().value() == 0);
        CHECK(h.state() == delivery_state::queued);
    }
    SECTION("held: its cause stays")
    {
        house h;
        h.drop("a.xml", tests::cda_file());
        h.clock.advance(25h);
        CHECK(h.outbound->expire().value() == 1);
        CHECK(h.only().state == delivery_state::undeliverable);
        CHECK(h.only().why == cause::doctor_unknown);
    }
    SECTION("more than one batch")
    {
        house h;
        for (int i = 0; i < 250; ++i)
            h.drop("a.xml", tests::cda_file({.document = "2.999.9." + std::to_string(i) + ".1",
                                             .set = "2.999.9." + std::to_string(i)}));
        h.clock.advance(25h);
        CHECK(h.outbound->expire().value() == 250);
    }
}

TEST_CASE("a person puts it back in the queue", "[outbound]")
{
    SECTION("failed")
    {
        queued_letter h;
        h.attempt(h.id, attempt_end::permanent, 550, cause::no_mailbox);
        CHECK(h.outbound->requeue(h.id).value());
        CHECK(h.due(10)->size() == 1);
    }
    SECTION("held: decided again, and held again while nothing changed")
    {
        house h;
        h.drop("a.xml", tests::cda_file());
        const auto id = h.only().id;
        CHECK(h.outbound->requeue(id).value());
        CHECK_FALSE(h.outbound->prepare(id).value().has_value());
        CHECK(h.only().state == delivery_state::held);
        CHECK(h.only().why == cause::doctor_unknown);
    }
    SECTION("accepted, under way or unknown: no")
    {
        queued_letter h;
        CHECK_FALSE(h.outbound->requeue(delivery_id::make()).value());
        const auto mail = h.outbound->prepare(h.id).value();
        CHECK_FALSE(h.outbound->requeue(h.id).value());
        REQUIRE(h.outbound->finish(*mail, {attempt_end::accepted, cause::none, 250, "", "", "", ""}).has_value());
        CHECK_FALSE(h.outbound->requeue(h.id).value());
    }
}

TEST_CASE("a certificate that is gone before the first attempt holds the letter", "[outbound]")
{
    queued_letter h;
    h.directory.der.clear();
    CHECK_FALSE(h.outbound->prepare(h.id).value().has_value());
    CHECK(h.state() == delivery_state::held);
    CHECK(h.only().why == cause::no_certificate);
    CHECK(h.only().mail.empty());
}

TEST_CASE("a domain that lost its rule waits for it and is never sent elsewhere", "[outbound]")
{
    queued_letter h;
    h.attempt(h.id, attempt_end::temporary, 451, cause::peer_down);
    h.routes.trusted_domains.clear();
    h.clock.advance(1h);
    CHECK_FALSE(h.outbound->prepare(h.id).value().has_value());
    CHECK(h.state() == delivery_state::deferred);
    CHECK(h.due(10)->empty());
    h.routes = tests::routes();
    h.clock.advance(2h);
    CHECK(h.due(10)->size() == 1);
}

TEST_CASE("a sealed mail over its limit is refused with the code for size", "[outbound]")
{
    queued_letter h;
    outbound_options tight;
    tight.node_name = "relais.example";
    tight.composer = composer_options{
        std::string(tests::hospital_address), "", "", "", "", "2.999.7", tests::paris(), tests::hospital_signer()};
    tight.max_sealed_octets = 1000;
    outbound narrow(h.with(), std::move(tight));
    CHECK_FALSE(narrow.prepare(h.id).value().has_value());
    CHECK(h.state() == delivery_state::failed);
    CHECK(h.only().why == cause::too_big);
    CHECK(h.waits_for_ack('N'));
}

TEST_CASE("a domain on hold: nothing begins to leave, also after a restart; resumed, all of it at once", "[outbound]")
{
    queued_letter h;
    h.attempt(h.id, attempt_end::temporary, 451, cause::peer_down);
    h.clock.advance(3min);
    REQUIRE(h.due(10)->size() == 1);
    REQUIRE(h.outbound->hold_domain("medecin.example", "anne").has_value());
    CHECK(h.due(10)->empty());
    CHECK_FALSE(h.outbound->prepare(h.id).value().has_value());  // chosen just before it was put on hold
    h.open();
    CHECK(h.due(10)->empty());
    const auto resumed = h.outbound->resume_domain("medecin.example").value();
    CHECK(resumed.was_on_hold);
    CHECK(h.due(10)->size() == 1);
    h.attempt(h.id, attempt_end::temporary, 451, cause::peer_down);
    CHECK(h.due(10)->empty());
    const auto again = h.outbound->resume_domain("medecin.example").value();  // no hold, but a person wants it now
    CHECK_FALSE(again.was_on_hold);
    CHECK(again.due_now == 1);
    CHECK(h.due(10)->size() == 1);
}

TEST_CASE("what has not left in half an hour is told once, whatever comes after", "[outbound]")
{
    queued_letter h;
    h.attempt(h.id, attempt_end::temporary, 451, cause::peer_down);
    h.clock.advance(29min);
    CHECK(h.outbound->warn_late().value() == 0);
    h.clock.advance(1min);
    CHECK(h.outbound->warn_late().value() == 1);
    CHECK(h.outbound->warn_late().value() == 0);
    CHECK(h.events(h.id).back().kind == event_kind::warned);
    CHECK(h.events(h.id).back().facts.why == cause::peer_down);
    CHECK(h.state() == delivery_state::deferred);
    CHECK(h.only().warned_at == h.clock.now());
    h.open();
    REQUIRE(h.outbound->requeue(h.id).value());
    h.clock.advance(2h);
    CHECK(h.outbound->warn_late().value() == 0);
}

TEST_CASE("what leaves in time is never told", "[outbound]")
{
    queued_letter h;
    h.attempt(h.id, attempt_end::accepted);
    h.clock.advance(2h);
    CHECK(h.outbound->warn_late().value() == 0);
}

TEST_CASE("a mail that cannot be prepared for an unknown reason is for people, and tried again", "[outbound]")
{
    queued_letter h;
    REQUIRE(h.outbound->put_off(h.id).has_value());
    CHECK(h.state() == delivery_state::deferred);
    CHECK(h.only().why == cause::unknown);
    CHECK(h.due(10)->empty());
    h.clock.advance(145s);
    CHECK(h.due(10)->size() == 1);
}

TEST_CASE("the last try comes before giving up", "[outbound]")
{
    retry_policy policy;
    const instant created{};
    CHECK(policy.next_try(created + 1h, created, 3, 0.5) == created + 1h + 8min);
    CHECK(policy.next_try(created + 23h + 30min, created, 9, 0.5) == created + 24h - 1min);
    CHECK(policy.next_try(created + 23h + 59min, created, 9, 0.5) == created + 24h + 59min);  // there was one just now
}

TEST_CASE("a delivery waits with the goals of its stay's discharge", "[outbound]")
{
    queued_letter h;
    const auto row = h.only();
    CHECK(row.deadline > h.clock.now());
    CHECK(row.deadline <= h.clock.now() + 24h);
    CHECK(row.last_deadline > row.deadline);
}
