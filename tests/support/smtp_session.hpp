// tests/support/smtp_session.hpp: plays a peer against the server's engine, without a socket.
#pragma once

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

#include "relay/smtp/engine/server_engine.hpp"

namespace tests {
using namespace relay::smtp;
using engine_t = server_engine;

inline server_policy clear_policy()
{
    server_policy policy;
    policy.host_name = "mx.test";
    policy.tls = server_tls::not_offered;
    return policy;
}

// Plays a peer that sends `wire` in pieces of `step` bytes whatever is answered (as far as TLS), and keeps all we say.
struct session {
    explicit session(server_policy policy, rate_gate gate = {}) : engine(std::move(policy), std::move(gate)) {}
    server_engine engine;
    std::string said;
    std::vector<std::string> asked;
    std::vector<std::string> stored;
    std::vector<received_envelope> envelopes;
    std::map<std::string, recipient_check> boxes;
    std::vector<std::string> logins;
    login_check login_verdict = login_check::accepted;
    store_result verdict = store_result::stored;
    tls_peer certificate = tls_peer::without_certificate;
    std::optional<session_end> end;
    int handshakes = 0;

    void play(std::string_view wire, std::size_t step = 10'000, bool first = true)
    {
        if (first) next = engine.start();
        for (int i = 0; i < 100'000 && !end; ++i) {
            if (std::holds_alternative<engine_t::receive>(next)) {
                if (wire.empty()) return;
                const auto piece = wire.substr(0, step);
                wire.remove_prefix(piece.size());
                next = engine.on_received(piece);
            } else {
                step_once();
            }
        }
    }
    void step_once()
    {
        if (const auto* out = std::get_if<engine_t::send>(&next)) {
            said += out->bytes;
            next = engine.on_sent();
        } else if (const auto* who = std::get_if<engine_t::check_recipient>(&next)) {
            asked.emplace_back(who->address);
            const auto found = boxes.find(asked.back());
            next = engine.on_recipient_checked(found == boxes.end() ? recipient_check::accepted : found->second);
        } else if (const auto* login = std::get_if<engine_t::check_login>(&next)) {
            const bool plain = login->by == engine_t::check_login::mechanism::plain;
            logins.push_back((plain ? "plain " : "external ") + std::string(login->user) + " " +
                             std::string(login->password));
            next = engine.on_login_checked(login_verdict, "anne@mx.test");
        } else if (const auto* mail = std::get_if<engine_t::store_message>(&next)) {
            stored.push_back(*mail->message);
            envelopes.push_back(*mail->envelope);
            next = engine.on_stored(verdict);
        } else if (const auto* done = std::get_if<engine_t::finished>(&next)) {
            end = done->why;
        } else {
            ++handshakes;
            next = engine.on_tls_ready(certificate);
        }
    }
    engine_t::action next;
};

inline std::string codes(const std::string& said)  // the code of each last reply line
{
    std::string all;
    for (std::size_t at = 0; at < said.size(); at = said.find("\r\n", at) + 2) {
        if (said[at + 3] == ' ') all += said.substr(at, 3) + " ";
    }
    return all;
}
// A connection that plays `wire`, which ends with one whole mail, and is lost at any octet.
inline void check_cut_anywhere(const std::string& wire)
{
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        session peer(clear_policy());
        peer.play(std::string_view(wire).substr(0, cut));
        static_cast<void>(peer.engine.on_lost());
        CAPTURE(cut);
        CHECK(peer.stored.size() == (cut == wire.size() ? 1U : 0U));
    }
}
inline const std::string hello = "EHLO a.test\r\n";
inline const std::string mail =
    "MAIL FROM:<a@a.test> SIZE=9 RET=HDRS ENVID=e\r\nRCPT TO:<b@mx.test> NOTIFY=SUCCESS\r\nDATA\r\n";
inline const std::string body = "a\r\n..b\r\n.\r\n";
}
