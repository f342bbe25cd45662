#include <catch2/catch.hpp>

#include "relay/smtp/engine/lmtp_engine.hpp"

using namespace relay::smtp;

namespace {
// Answers each thing we send by the next reply, in pieces; keeps all we said.
struct server {
    explicit server(std::string_view message) : engine("relay.test", "a@a.test", "b@b.test", message) {}
    lmtp_engine engine;
    std::string said;

    void play(std::vector<std::string> replies, std::size_t step = 1000)
    {
        std::size_t at = 0;
        lmtp_engine::action next = engine.start();
        while (!std::holds_alternative<lmtp_engine::finished>(next)) {
            if (const auto* out = std::get_if<lmtp_engine::send>(&next)) {
                said += out->bytes;
                next = engine.on_sent();
                continue;
            }
            if (at == replies.size()) {
                next = engine.on_lost();
                continue;
            }
            std::string& from = replies[at];
            const std::string piece = from.substr(0, step);
            from.erase(0, piece.size());
            if (from.empty()) ++at;
            next = engine.on_received(piece);
        }
    }
};
const std::vector<std::string> good{"220 d LMTP\r\n",   "250-d\r\n250 PIPELINING\r\n",
                                    "250 2.1.0 ok\r\n", "250 2.1.5 ok\r\n",
                                    "354 go\r\n",       "250 2.0.0 saved\r\n"};
}

TEST_CASE("LMTP: one mail, dots doubled, the reply is the recipient's", "[smtp][lmtp]")
{
    const auto step = GENERATE(std::size_t{1}, 5U, 1000U);
    server peer(".a\r\nb\r\n");
    peer.play(good, step);
    CHECK(peer.said ==
          "LHLO relay.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n..a\r\nb\r\n.\r\nQUIT\r\n");
    CHECK(peer.engine.outcome().code == 250);
    CHECK(peer.engine.outcome().enhanced_status == "2.0.0");
}

TEST_CASE("LMTP: every reply missing or refused; uncertain only behind the dot", "[smtp][lmtp]")
{
    for (std::size_t until = 0; until < good.size(); ++until) {
        CAPTURE(until);
        server lost("a\r\n");
        lost.play({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(until)});
        CHECK(lost.engine.outcome().code == 0);
        CHECK(lost.engine.outcome().is_uncertain == (until == 5));
        for (const auto* no : {"451 4.3.0 later\r\n", "550 5.1.1 no\r\n"}) {
            auto replies = good;
            replies[until] = no;
            server refused("a\r\n");
            refused.play(replies);
            CHECK(refused.engine.outcome().code == std::stoi(no));
            CHECK_FALSE(refused.engine.outcome().is_uncertain);
            CHECK(refused.said.ends_with("QUIT\r\n"));
        }
    }
}

TEST_CASE("LMTP: a question stops behind RCPT; nonsense and replies nobody asked for end it", "[smtp][lmtp]")
{
    server question("");
    question.play(good);
    CHECK(question.engine.outcome().code == 250);
    CHECK(question.said.find("DATA") == std::string::npos);
    auto two = good;
    two[3] += "250 2.0.0 saved\r\n";
    server eager("a\r\n");
    eager.play(two);
    CHECK(eager.engine.outcome().code == 0);
    for (const auto* said :
         {"250 2.0.0 saved\r\n", "200 ok\r\n"}) {  // in answer to DATA: not a byte of the mail was sent
        auto early = good;
        early[4] = said;
        server hasty("a\r\n");
        hasty.play(early);
        CHECK(hasty.engine.outcome().code == 0);
        CHECK_FALSE(hasty.engine.outcome().is_uncertain);
    }
    auto bad = good;
    bad[2] = "25 ok\r\n";
    server wrong("a\r\n");
    wrong.play(bad);
    CHECK(wrong.engine.outcome().code == 0);
}
