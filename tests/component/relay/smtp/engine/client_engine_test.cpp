#include "tests/component/relay/smtp/engine/scripted_peer.hpp"

using namespace tests;

TEST_CASE("a mail is delivered however the replies are cut", "[smtp][engine]")
{
    const auto step = GENERATE(std::size_t{1}, 2U, 3U, 7U, 1000U);
    const auto done = deliver(happy(), loss::closed, step);
    CAPTURE(step, done.how.unexpected);
    CHECK(done.how.unexpected.empty());
    CHECK(done.how.how == ended::idle);
    CHECK(done.outcome.is_accepted());
    CHECK(done.outcome.code == 250);
    CHECK(done.outcome.enhanced == enhanced_status{2, 0, 0});
    CHECK(done.outcome.text.reveal() == "2.0.0 queued as 1");
    CHECK(done.outcome.peer_reports);
}

TEST_CASE("what the peer does not offer is not said, and without PIPELINING one command waits for the other",
          "[smtp][engine]")
{
    auto turns = up_to_tls();
    turns.push_back({"EHLO relay.test\r\n", "250 mx.test\r\n"});
    turns.push_back({"MAIL FROM:<relay@hopital.test>\r\n", "250 a\r\n"});
    turns.push_back({"RCPT TO:<medecin@mss.test>\r\n", "250 b\r\n"});
    turns.push_back({"DATA\r\n", "354 c\r\n"});
    turns.push_back({on_wire, "250 d\r\n"});
    const auto done = deliver(turns);
    CHECK(done.how.unexpected.empty());
    CHECK(done.outcome.is_accepted());
    CHECK_FALSE(done.outcome.peer_reports);
}

TEST_CASE("what was offered before TLS counts for nothing", "[smtp][engine]")
{
    auto turns = up_to_tls();
    turns[1].answer = "250-mx.test\r\n250-SIZE 1\r\n250-PIPELINING\r\n250 STARTTLS\r\n";
    turns.push_back({"EHLO relay.test\r\n", "250 mx.test\r\n"});
    turns.push_back({"MAIL FROM:<relay@hopital.test>\r\n", ""});
    CHECK(deliver(turns).how.unexpected.empty());
}

TEST_CASE("a connection lost at any byte: before the final dot nothing happened, behind it nobody knows",
          "[smtp][engine]")
{
    const auto why = GENERATE(loss::closed, loss::timed_out, loss::cancelled);
    const auto whole = happy();
    for (std::size_t last = 0; last < whole.size(); ++last) {
        for (std::size_t cut = 0; cut < std::max<std::size_t>(whole[last].answer.size(), 1); ++cut) {
            auto turns = std::vector<turn>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(last) + 1);
            turns.back().answer.resize(std::min(cut, turns.back().answer.size()));
            const auto done = deliver(turns, why);
            CAPTURE(last, cut);
            CHECK(done.how.how == ended::finished);
            CHECK(done.outcome.ec == next_step::retry);
            CHECK(done.outcome.is_uncertain() == (last + 1 == whole.size()));
        }
    }
}

TEST_CASE("every stage refuses in turn", "[smtp][engine]")
{
    struct row {
        std::size_t turn_index;
        std::string answer;
        stage where;
        delivery_errc code;
        next_step next;
        std::string_view cause;
    };
    const std::string rest = "503 5.5.1 x\r\n";
    const auto tc = GENERATE_COPY(values<row>({
        {0, "554 no\r\n", stage::greeting, delivery_errc::session_refused, next_step::tell, "PEER_DOWN"},
        {0, "421 busy\r\n", stage::greeting, delivery_errc::peer_overloaded, next_step::retry, "PEER_DOWN"},
        {0, "HTTP/1.1 400\r\n", stage::greeting, delivery_errc::protocol_error, next_step::retry, "PEER_DOWN"},
        {1, "502 no\r\n", stage::hello, delivery_errc::session_refused, next_step::tell, "PEER_DOWN"},
        {1, "250 mx.test\r\n", stage::start_tls, delivery_errc::tls_unavailable, next_step::retry, "TLS_REFUSED"},
        {2, "454 not now\r\n", stage::start_tls, delivery_errc::tls_unavailable, next_step::retry, "TLS_REFUSED"},
        {2, "220 go\r\n250 injected\r\n", stage::start_tls, delivery_errc::tls_failed, next_step::retry, "TLS_REFUSED"},
        {4, "450 4.7.1 later\r\n", stage::hello, delivery_errc::peer_overloaded, next_step::retry, "PEER_DOWN"},
        {5, "451 4.3.0 x\r\n" + rest + rest, stage::mail, delivery_errc::temporary_refusal, next_step::retry,
         "PEER_DOWN"},
        {5, "530 5.7.0 x\r\n" + rest + rest, stage::mail, delivery_errc::tls_refused, next_step::tell, "TLS_REFUSED"},
        {5, "552 5.3.4 x\r\n" + rest + rest, stage::mail, delivery_errc::too_big, next_step::fail, "TOO_BIG"},
        {5, "250 a\r\n550 5.1.1 x\r\n" + rest, stage::rcpt, delivery_errc::mailbox_unknown, next_step::fail,
         "NO_MAILBOX"},
        {5, "250 a\r\n550 x\r\n" + rest, stage::rcpt, delivery_errc::mailbox_unknown, next_step::fail, "NO_MAILBOX"},
        {5, "250 a\r\n550 5.1.10 x\r\n" + rest, stage::rcpt, delivery_errc::mailbox_unknown, next_step::fail,
         "NO_MAILBOX"},
        {5, "250 a\r\n550 5.2.1 x\r\n" + rest, stage::rcpt, delivery_errc::mailbox_closed, next_step::fail, "CLOSED"},
        {5, "250 a\r\n552 x\r\n" + rest, stage::rcpt, delivery_errc::mailbox_full, next_step::fail, "MAILBOX_FULL"},
        {5, "250 a\r\n452 4.2.2 x\r\n" + rest, stage::rcpt, delivery_errc::mailbox_full_for_now, next_step::retry,
         "MAILBOX_FULL"},
        {5, "250 a\r\n450 4.2.0 grey\r\n" + rest, stage::rcpt, delivery_errc::temporary_refusal, next_step::retry,
         "PEER_DOWN"},
        {5, "250 a\r\n550 5.7.1 x\r\n" + rest, stage::rcpt, delivery_errc::content_refused, next_step::fail,
         "CONTENT_REFUSED"},
        {5, "250 a\r\n250 b\r\n451 x\r\n", stage::data, delivery_errc::temporary_refusal, next_step::retry,
         "PEER_DOWN"},
        {6, "554 5.7.1 x\r\n", stage::final_reply, delivery_errc::content_refused, next_step::fail, "CONTENT_REFUSED"},
        {6, "523 x\r\n", stage::final_reply, delivery_errc::too_big, next_step::fail, "TOO_BIG"},
        {6, "452 4.3.1 x\r\n", stage::final_reply, delivery_errc::temporary_refusal, next_step::retry, "PEER_DOWN"},
        {6, "421 x\r\n", stage::final_reply, delivery_errc::peer_overloaded, next_step::retry, "PEER_DOWN"},
        {6, "nonsense\r\n", stage::final_reply, delivery_errc::reply_lost, next_step::retry, "REPLY_LOST"},
        {6, "599 x\r\n", stage::final_reply, delivery_errc::refused, next_step::fail, "UNKNOWN"},
    }));
    auto turns = happy();
    turns.resize(tc.turn_index + 1);
    turns.back().answer = tc.answer;
    const auto done = deliver(turns);
    CAPTURE(tc.turn_index, tc.answer, done.outcome.ec.message());
    CHECK(done.outcome.ec == make_error_code(tc.code));
    CHECK(done.outcome.where == tc.where);
    CHECK(done.outcome.ec == tc.next);
    CHECK(name(relay::pipeline::cause_of(done.outcome.ec)) == tc.cause);
}

TEST_CASE("a refused recipient whose DATA is accepted gets an empty mail, never the letter", "[smtp][engine]")
{
    auto turns = happy();
    turns[5].answer = "250 a\r\n550 5.1.1 b\r\n354 c\r\n";
    turns[6] = {".\r\n", "554 5.5.1 no recipients\r\n"};
    const auto done = deliver(turns);
    CHECK(done.how.unexpected.empty());
    CHECK(done.how.how == ended::idle);
    CHECK(done.outcome.ec == make_error_code(delivery_errc::mailbox_unknown));
}

TEST_CASE("TLS losses keep their names", "[smtp][engine]")
{
    struct row {
        std::size_t turns;
        loss why;
        delivery_errc code;
    };
    const auto tc =
        GENERATE(values<row>({{4, loss::tls_refused, delivery_errc::tls_refused},  // first read under TLS 1.3
                              {5, loss::tls_refused, delivery_errc::connection_lost},
                              {6, loss::tls_refused, delivery_errc::reply_lost}}));
    auto turns = happy();
    turns.resize(tc.turns + (tc.turns > 4 ? 1U : 0U));
    if (tc.turns > 4) turns.back().answer.clear();
    CHECK(deliver(turns, tc.why).outcome.ec == make_error_code(tc.code));
    for (const auto& [why, code] : {std::pair{loss::tls_failed, delivery_errc::tls_failed},
                                    std::pair{loss::certificate_untrusted, delivery_errc::certificate_untrusted}}) {
        client_engine engine({.helo_name = "relay.test"});
        static_cast<void>(engine.start(some_mail()));
        static_cast<void>(engine.on_received("220 a\r\n"));
        static_cast<void>(engine.on_sent());
        static_cast<void>(engine.on_received("250-a\r\n250 STARTTLS\r\n"));
        static_cast<void>(engine.on_sent());
        REQUIRE(std::holds_alternative<engine_t::start_tls>(engine.on_received("220 go\r\n")));
        static_cast<void>(engine.on_lost(why));
        CHECK(engine.outcome().ec == make_error_code(code));
        CHECK(engine.outcome().where == stage::start_tls);
    }
}

TEST_CASE("a connection is used again, with RSET behind a refusal", "[smtp][engine]")
{
    client_engine engine({.helo_name = "relay.test"});
    auto turns = happy();
    turns[5].answer = "250 a\r\n550 5.1.1 b\r\n503 c\r\n";
    turns[6] = {"RSET\r\n", "250 ok\r\n"};
    auto first = play(engine, engine.start(some_mail()), turns, 1);
    CHECK(first.unexpected.empty());
    REQUIRE(first.how == ended::idle);
    CHECK(engine.outcome().ec == make_error_code(delivery_errc::mailbox_unknown));
    const std::vector<turn> second{happy()[5], happy()[6]};
    auto again = play(engine, engine.next_transaction(some_mail()), second, 1);
    CHECK(again.unexpected.empty());
    REQUIRE(again.how == ended::idle);
    CHECK(engine.outcome().is_accepted());
    CHECK(play(engine, engine.quit(), {{"QUIT\r\n", "221 bye\r\n"}}, 1).unexpected.empty());
    CHECK(engine.outcome().is_accepted());
}

TEST_CASE("a stale connection is told from a lost one", "[smtp][engine]")
{
    client_engine engine({.helo_name = "relay.test"});
    REQUIRE(play(engine, engine.start(some_mail()), happy(), 100).how == ended::idle);
    CHECK_FALSE(engine.was_stale());
    const bool answered = GENERATE(false, true);
    const std::vector<turn> turns{{happy()[5].expected, answered ? "250 a\r\n" : ""}};
    CHECK(play(engine, engine.next_transaction(some_mail()), turns, 100).how == ended::finished);
    CHECK(engine.was_stale() == !answered);
    CHECK(engine.outcome().ec == make_error_code(delivery_errc::connection_lost));
}

TEST_CASE("a mail that may not be sent is refused before MAIL", "[smtp][engine]")
{
    struct row {
        outgoing_mail mail;
        delivery_errc code;
    };
    auto eight = some_mail();
    eight.body = body_type::eight_bit_mime;
    auto bad_address = some_mail();
    bad_address.recipient = "a@x.test>\r\nRCPT TO:<b@x.test";
    const std::vector<row> rows{{some_mail("a\nb\r\n"), delivery_errc::not_sendable},
                                {some_mail(std::string("a\0b\r\n", 5)), delivery_errc::not_sendable},
                                {some_mail(std::string(1001, 'x')), delivery_errc::too_big},
                                {eight, delivery_errc::not_sendable},
                                {bad_address, delivery_errc::not_sendable}};
    for (const auto& one : rows) {
        client_engine engine({.helo_name = "relay.test"});
        auto turns = up_to_tls();
        turns.push_back({"EHLO relay.test\r\n", "250-mx.test\r\n250 SIZE 1000\r\n"});
        CHECK(play(engine, engine.start(one.mail), turns, 100).how == ended::idle);
        CHECK(engine.outcome().ec == make_error_code(one.code));
        CHECK(engine.outcome().code == 0);
    }
    client_engine fits({.helo_name = "relay.test"});
    auto turns = up_to_tls();
    turns.push_back({"EHLO relay.test\r\n", "250-mx.test\r\n250 SIZE 1000\r\n"});
    static_cast<void>(play(fits, fits.start(some_mail(std::string(1000, 'x'))), turns, 100));
    CHECK(fits.outcome().ec == make_error_code(delivery_errc::connection_lost));
}

TEST_CASE("an unknown cause goes to a person", "[smtp][engine]")
{
    const relay::error_code foreign(5, boost::system::generic_category());
    CHECK(foreign == next_step::tell);
    CHECK_FALSE(foreign == next_step::fail);
    CHECK(relay::error_code(99, relay::pipeline::delivery_category()) == next_step::tell);
    CHECK(relay::pipeline::cause_of(foreign) == relay::pipeline::cause::unknown);
    CHECK_FALSE(relay::error_code() == next_step::tell);
}
