// A scripted peer for the client engine: plays turns, cut anywhere, and loses the connection behind the last one.
#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "relay/smtp/engine/client_engine.hpp"

namespace tests {
using namespace relay::smtp;
using engine_t = client_engine;

inline const std::string mail_bytes = "Subject: x\r\n\r\n.dot\r\nend\r\n";
inline const std::string on_wire = "Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n";

inline outgoing_mail some_mail(std::string bytes = mail_bytes)
{
    outgoing_mail mail;
    mail.reverse_path = "relay@hopital.test";
    mail.recipient = "medecin@mss.test";
    mail.notify = {.success = true, .failure = true};
    mail.orcpt = "rfc822;medecin@mss.test";
    mail.ret = return_content::headers;
    mail.envid = "abc";
    mail.bytes = std::make_shared<const std::string>(std::move(bytes));
    return mail;
}

// One exchange: what we expect to be sent, and what the peer answers then. "<tls>" stands for a handshake.
struct turn {
    std::string expected;
    std::string answer;
};
inline const std::string offers_all =
    "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES\r\n";
inline const std::string mail_line = "MAIL FROM:<relay@hopital.test> SIZE=25 BODY=7BIT RET=HDRS ENVID=abc\r\n";
inline const std::string rcpt_line =
    "RCPT TO:<medecin@mss.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;medecin@mss.test\r\n";

inline std::vector<turn> up_to_tls()
{
    return {{"", "220 mx.test\r\n"},
            {"EHLO relay.test\r\n", "250-mx.test\r\n250 STARTTLS\r\n"},
            {"STARTTLS\r\n", "220 go\r\n"},
            {"<tls>", ""}};
}
inline std::vector<turn> happy()
{
    auto turns = up_to_tls();
    turns.push_back({"EHLO relay.test\r\n", offers_all});
    turns.push_back({mail_line + rcpt_line + "DATA\r\n", "250 2.1.0 a\r\n250 2.1.5 b\r\n354 c\r\n"});
    turns.push_back({on_wire, "250 2.0.0 queued as 1\r\n"});
    return turns;
}

// Plays the turns; each answer in pieces of `step` bytes. Stops at idle or finished, or when the turns are used up:
// then the connection is lost for `why`.
enum class ended { idle, finished };
struct played {
    ended how;
    std::vector<std::string> unexpected;
};
inline played play(engine_t& engine, engine_t::action next, const std::vector<turn>& turns, std::size_t step,
                   loss why = loss::closed)
{
    std::vector<std::string> unexpected;
    std::string sent;
    std::string answer;
    std::size_t at = 0;
    for (int i = 0; i < 10'000; ++i) {
        if (std::holds_alternative<engine_t::idle>(next)) return {ended::idle, unexpected};
        if (std::holds_alternative<engine_t::finished>(next)) return {ended::finished, unexpected};
        if (const auto* out = std::get_if<engine_t::send>(&next)) {
            sent += out->bytes;
            next = engine.on_sent();
            continue;
        }
        if (std::holds_alternative<engine_t::start_tls>(next)) sent += "<tls>";
        if (answer.empty()) {
            if (at == turns.size()) {
                next = engine.on_lost(why);
                continue;
            }
            if (sent != turns[at].expected) unexpected.push_back(sent);
            sent.clear();
            answer = turns[at++].answer;
        }
        if (std::holds_alternative<engine_t::start_tls>(next)) {
            next = engine.on_tls_ready();
            continue;
        }
        if (answer.empty()) {
            next = engine.on_lost(why);
            continue;
        }
        const std::string piece = answer.substr(0, step);
        answer.erase(0, piece.size());
        next = engine.on_received(piece);
    }
    FAIL("the engine does not end");
    return {ended::finished, unexpected};
}

struct run {
    attempt_outcome outcome;
    played how;
};
inline run deliver(const std::vector<turn>& turns, loss why = loss::closed, std::size_t step = 10'000,
                   client_policy policy = {.helo_name = "relay.test"})
{
    client_engine engine(std::move(policy));
    auto how = play(engine, engine.start(some_mail()), turns, step, why);
    return {engine.outcome(), std::move(how)};
}
}
