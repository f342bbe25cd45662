// Both sides of MLLP without a socket: a scripted peer, cut at every byte.
#include <catch2/catch.hpp>

#include <functional>

#include "relay/mllp/engine/client_engine.hpp"
#include "relay/mllp/engine/server_engine.hpp"

using namespace relay::mllp;
using namespace std::chrono_literals;

namespace {
std::string message(const std::string& control_id)
{
    return "MSH|^~\\&|DPI|HOP|RELAIS|HOP|20261120||ADT^A03^ADT_A03|" + control_id +
           "|T|2.5|||||FRA|UNICODE UTF-8\rEVN||1\r";
}

// A driver in memory: answers each message with "ack <MSH-10>", gives slots as long as there are any.
struct scene {
    server_policy policy;
    int slots = 1000;
    int taken = 0;
    bool answers = true;
    std::vector<std::string> handled;
    std::vector<refusal_cause> refused;
    std::string sent;
    std::optional<session_end> end;
    std::vector<server_engine::part> waits;

    void run(const std::vector<std::string_view>& parts, const std::function<void(server_engine&)>& behind_first = {})
    {
        server_engine engine(policy);
        std::size_t next_part = 0;
        for (auto next = engine.start(); !end;) {
            if (const auto* out = std::get_if<server_engine::send>(&next)) {
                sent += out->bytes;
                next = engine.on_sent();
            } else if (const auto* in = std::get_if<server_engine::receive>(&next)) {
                waits.push_back(in->of);
                if (next_part < parts.size())
                    next = engine.on_received(parts[next_part++]);
                else
                    next = engine.on_lost();
            } else if (std::holds_alternative<server_engine::take_slot>(next)) {
                ++taken;
                next = engine.on_slot(slots-- > 0 ? server_engine::slot::granted : server_engine::slot::none_free);
            } else if (const auto* whole = std::get_if<server_engine::handle>(&next)) {
                handled.push_back(std::move(*whole->message));
                if (behind_first && handled.size() == 1) behind_first(engine);
                next = engine.on_answer(answers ? "ack " + std::to_string(handled.size()) : std::string());
            } else if (const auto* why = std::get_if<server_engine::refuse>(&next)) {
                refused.push_back(why->cause);
                const std::string said = write_refusal(why->head, why->cause, "X", {});
                next = engine.on_answer(said);
            } else {
                end = std::get<server_engine::finished>(next).why;
            }
        }
    }
};

std::vector<std::string_view> cut_at(std::string_view all, std::size_t at)
{
    return {all.substr(0, at), all.substr(at)};
}
}

TEST_CASE("pipelined messages are answered one by one, in order, however they are cut", "[mllp][engine]")
{
    const std::string three =
        write_frame(message("1")) + "\r\n" + write_frame(message("2")) + write_frame(message("3"));
    for (std::size_t cut = 0; cut <= three.size(); ++cut) {
        CAPTURE(cut);
        scene s;
        s.run(cut_at(three, cut));
        REQUIRE(s.handled.size() == 3);
        CHECK(s.handled[0] == message("1"));
        CHECK(s.handled[2] == message("3"));
        CHECK(s.sent == write_frame("ack 1") + write_frame("ack 2") + write_frame("ack 3"));
        CHECK(s.taken == 3);
        CHECK(s.end == session_end::quit);
    }
}

TEST_CASE("a broken frame is answered when its MSH can be read, and ends the connection", "[mllp][engine]")
{
    struct row {
        const char* what;
        std::string bytes;
        refusal_cause cause;
        std::string_view answered;  // a part of the answer; empty: none
    };
    const std::string one = message("M1");
    const row rows[] = {
        {"no start", one, refusal_cause::no_start, "MSA|AE|M1\r"},
        {"no end", "\x0b" + one + "\x0b", refusal_cause::no_end, "MSA|AE|M1\r"},
        {"bad end", "\x0b" + one + "\x1cX", refusal_cause::bad_end, "MSA|AE|M1\r"},
        {"too big", "\x0b" + one + std::string(2000, 'x'), refusal_cause::too_big, "MSA|AE|M1\r"},
        {"not HL7 at all", "GET / HTTP/1.1\r\n\r\n", refusal_cause::no_start, ""},
        {"MSH without delimiters", "MSH\r", refusal_cause::no_start, ""},
    };
    for (const row& tc : rows)
        for (std::size_t cut = 0; cut <= tc.bytes.size(); ++cut) {
            CAPTURE(tc.what, cut);
            scene s;
            s.policy.limits.frame.max_content_octets = 1000;
            s.run(cut_at(tc.bytes, cut));
            CHECK(s.handled.empty());
            CHECK(s.refused == std::vector{tc.cause});
            CHECK(s.end == session_end::broken_frame);
            CHECK(s.sent.empty() == tc.answered.empty());
            CHECK(s.sent.find(tc.answered) != std::string::npos);
        }
}

TEST_CASE("what was answered before the fault stays answered", "[mllp][engine]")
{
    scene s;
    s.run({write_frame(message("1")) + "rubbish" + write_frame(message("2"))});
    CHECK(s.handled.size() == 1);
    CHECK(s.sent == write_frame("ack 1"));
    CHECK(s.end == session_end::broken_frame);
}

TEST_CASE("a message without an answer, and one that is not HL7, end the connection", "[mllp][engine]")
{
    scene none;
    none.answers = false;
    none.run({write_frame(message("1")) + write_frame(message("2"))});
    CHECK(none.handled.size() == 1);
    CHECK(none.sent.empty());
    CHECK(none.end == session_end::unanswerable);

    scene other;
    other.run({write_frame("<ClinicalDocument/>") + write_frame(message("2"))});
    CHECK(other.handled.empty());
    CHECK(other.end == session_end::not_hl7);
}

TEST_CASE("no slot: a whole message is AR and the connection goes on, half a message ends it", "[mllp][engine]")
{
    scene whole;
    whole.slots = 0;
    whole.run({write_frame(message("1"))});
    CHECK(whole.handled.empty());
    CHECK(whole.sent.find("MSA|AR|1\r") != std::string::npos);
    CHECK(whole.end == session_end::quit);

    scene half;
    half.slots = 0;
    half.policy.limits.free_octets = 200;
    half.run({"\x0b" + message("1") + std::string(200, 'x')});
    CHECK(half.sent.find("MSA|AR|1\r") != std::string::npos);
    CHECK(half.end == session_end::busy);
}

TEST_CASE("a slot is asked for at one octet over the free ones, and once a message", "[mllp][engine]")
{
    for (const std::size_t octets : {500U, 501U}) {
        scene s;
        s.policy.limits.free_octets = 500;
        std::string filled = message("1");
        filled.resize(octets, 'x');
        s.run({"\x0b" + filled});
        CHECK(s.taken == (octets > 500 ? 1 : 0));
        scene ended;
        ended.policy.limits.free_octets = 500;
        ended.run({"\x0b" + filled, "\x1c\r"});
        CHECK(ended.taken == 1);
        CHECK(ended.handled.size() == 1);
    }
}

TEST_CASE("shutting down: the message in hand is answered, those behind it are not read", "[mllp][engine]")
{
    scene s;
    s.run({write_frame(message("1")) + write_frame(message("2"))}, [](server_engine& e) { e.shut_down(); });
    CHECK(s.handled.size() == 1);
    CHECK(s.sent == write_frame("ack 1"));
    CHECK(s.end == session_end::shutting_down);
}

TEST_CASE("waits know whether they are inside a message", "[mllp][engine]")
{
    scene s;
    const std::string one = write_frame(message("1"));
    s.run({one.substr(0, 10), one.substr(10)});
    using part = server_engine::part;
    CHECK(s.waits == std::vector{part::next_message, part::rest_of_message, part::next_message});
    CHECK(s.end == session_end::quit);
    scene cut;
    cut.run({one.substr(0, 10)});
    CHECK(cut.end == session_end::lost);
}

TEST_CASE("the client takes one answer, cut at every byte", "[mllp][engine]")
{
    struct row {
        const char* what;
        std::string bytes;
        std::string_view answer;
        bool reusable;
    };
    const row rows[] = {
        {"one answer", write_frame("MSH|ack"), "MSH|ack", true},
        {"two answers", write_frame("MSH|ack") + write_frame("MSH|more"), "MSH|ack", false},
        {"cut short", "\x0bMSH|a", "", false},
        {"no frame", "HTTP/1.1 400\r\n", "", false},
        {"nothing", "", "", false},
        {"too much", "\x0b" + std::string(70'000, 'x'), "", false},
    };
    for (const row& tc : rows)
        for (std::size_t cut = 0; cut <= std::min<std::size_t>(tc.bytes.size(), 40); ++cut) {
            CAPTURE(tc.what, cut);
            client_engine engine(30s);
            auto next = engine.start("MSH|zam");
            REQUIRE(std::get<client_engine::send>(next).bytes == write_frame("MSH|zam"));
            next = engine.on_sent();
            for (const auto part : cut_at(tc.bytes, cut))
                if (std::holds_alternative<client_engine::receive>(next) && !part.empty())
                    next = engine.on_received(part);
            if (std::holds_alternative<client_engine::receive>(next)) next = engine.on_lost();
            CHECK(std::holds_alternative<client_engine::finished>(next));
            CHECK(engine.answer() == tc.answer);
            if (cut == 0) CHECK(engine.is_reusable() == tc.reusable);
            if (!tc.reusable && tc.answer.empty()) CHECK_FALSE(engine.is_reusable());
        }
}

TEST_CASE("one connection serves several messages", "[mllp][engine]")
{
    client_engine engine(30s);
    for (const std::string n : {"1", "2", "3"}) {
        static_cast<void>(engine.start("MSH|" + n));
        static_cast<void>(engine.on_sent());
        static_cast<void>(engine.on_received(write_frame("MSH|ack " + n)));
        CHECK(engine.answer() == "MSH|ack " + n);
        CHECK(engine.is_reusable());
    }
}
