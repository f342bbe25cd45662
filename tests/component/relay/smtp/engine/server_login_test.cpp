// Submission: AUTH under TLS, the sender is the account's own address (RFC 6409, RFC 4954, RFC 4616, RFC 4422).
#include <catch2/catch.hpp>

#include "tests/support/smtp_session.hpp"

using namespace relay::smtp;
using namespace tests;

namespace {
server_policy submission(server_tls tls = server_tls::required)
{
    auto policy = clear_policy();
    policy.tls = tls;
    policy.certificates = client_certificates::optional;
    policy.logins = logins::required;
    return policy;
}
// "\0anne\0geheim", "anne\0anne\0geheim", "paul\0anne\0geheim"
const std::string plain = "AGFubmUAZ2VoZWlt";
const std::string plain_for_self = "YW5uZQBhbm5lAGdlaGVpbQ==";
const std::string plain_for_other = "cGF1bABhbm5lAGdlaGVpbQ==";

// Under TLS, EHLO said.
session& secured(session& peer)
{
    peer.play(hello + "STARTTLS\r\n");
    peer.play(hello, 10'000, false);
    peer.said.clear();
    return peer;
}
}

TEST_CASE("no AUTH in clear, and none without EHLO", "[smtp][engine][auth]")
{
    session peer(submission());
    peer.play(hello + "AUTH PLAIN " + plain + "\r\nSTARTTLS\r\n");
    CHECK(codes(peer.said) == "220 250 530 220 ");
    CHECK(peer.said.find("AUTH ") == std::string::npos);
    peer.said.clear();
    peer.play("AUTH PLAIN " + plain + "\r\n" + hello, 10'000, false);
    CHECK(codes(peer.said) == "503 250 ");
    CHECK(peer.said.find("250-AUTH PLAIN\r\n") != std::string::npos);
    CHECK(peer.logins.empty());
}

TEST_CASE("PLAIN in one line or two, however cut", "[smtp][engine][auth]")
{
    const auto step = GENERATE(std::size_t{1}, 3U, 10'000U);
    const auto said = GENERATE_COPY(as<std::string>(), "AUTH PLAIN " + plain + "\r\n",
                                    "AUTH PLAIN\r\n" + plain + "\r\n", "auth plain " + plain_for_self + "\r\n");
    session peer(submission());
    secured(peer).play(said + "MAIL FROM:<anne@mx.test>\r\n", step, false);
    CAPTURE(said, step, peer.said);
    CHECK(peer.logins == std::vector<std::string>{"plain anne geheim"});
    CHECK(peer.said.find("235 2.7.0") != std::string::npos);
    CHECK(peer.said.find("250 2.1.0") != std::string::npos);
    CHECK(peer.engine.login() == "anne@mx.test");
}

TEST_CASE("AUTH that is refused before anybody is asked", "[smtp][engine][auth]")
{
    struct row {
        std::string wire;
        std::string expected;
    };
    const auto tc = GENERATE(values<row>({
        {"AUTH\r\n", "504 "},
        {"AUTH LOGIN\r\n", "504 "},
        {"AUTH EXTERNAL =\r\n", "504 "},  // without a certificate
        {"AUTH PLAIN *\r\n", "501 "},
        {"AUTH PLAIN\r\n*\r\n", "334 501 "},
        {"AUTH PLAIN\r\n\r\n", "334 501 "},
        {"AUTH PLAIN =\r\n", "501 "},
        {"AUTH PLAIN YQ==\r\n", "501 "},      // "a"
        {"AUTH PLAIN AGEAYgBj\r\n", "501 "},  // one NUL too many
        {"AUTH PLAIN " + plain_for_other + "\r\n", "535 "},
        {"AUTH PLAIN\r\nMAIL FROM:<a@b>\r\n", "334 501 "},
        {"AUTH PLAIN\r\nx\n", "334 500 "},
        {"MAIL FROM:<anne@mx.test>\r\n", "530 "},
    }));
    session peer(submission());
    secured(peer).play(tc.wire, 10'000, false);
    CAPTURE(tc.wire, peer.said);
    CHECK(codes(peer.said) == tc.expected);
    CHECK(peer.logins.empty());
    CHECK(peer.engine.login().empty());
}

TEST_CASE("after a login: the sender is its own, once, and STARTTLS is over", "[smtp][engine][auth]")
{
    session peer(submission());
    secured(peer).play("AUTH PLAIN " + plain + "\r\nAUTH PLAIN " + plain +
                           "\r\nMAIL FROM:<paul@mx.test>\r\nMAIL FROM:<Anne@MX.test> AUTH=<>\r\nAUTH PLAIN\r\nRSET\r\n"
                           "MAIL FROM:<>\r\n",
                       10'000, false);
    CHECK(codes(peer.said) == "235 503 553 250 503 250 250 ");
}

TEST_CASE("EXTERNAL is offered with a certificate, and says whom it asks for", "[smtp][engine][auth]")
{
    session peer(submission(server_tls::implicit));
    peer.certificate = tls_peer::with_certificate;
    peer.play(hello + "AUTH EXTERNAL YW5uZUBteC50ZXN0\r\n");
    CHECK(peer.handshakes == 1);
    CHECK(codes(peer.said) == "220 250 235 ");
    CHECK(peer.said.find("250-AUTH PLAIN EXTERNAL\r\n") != std::string::npos);
    CHECK(peer.said.find("STARTTLS") == std::string::npos);
    CHECK(peer.logins == std::vector<std::string>{"external anne@mx.test "});
    session own(submission(server_tls::implicit));
    own.certificate = tls_peer::with_certificate;
    own.play(hello + "AUTH EXTERNAL\r\n\r\nAUTH EXTERNAL =\r\n");
    CHECK(codes(own.said) == "220 250 334 235 503 ");
    CHECK(own.logins == std::vector<std::string>{"external  "});
}

TEST_CASE("refused logins end the connection at the limit", "[smtp][engine][auth]")
{
    auto policy = submission();
    policy.limits.max_failed_logins = 2;
    session peer(policy);
    peer.login_verdict = login_check::refused;
    secured(peer).play("AUTH PLAIN " + plain + "\r\nNOOP\r\nAUTH PLAIN " + plain + "\r\n", 10'000, false);
    CHECK(codes(peer.said) == "535 250 535 421 ");
    CHECK(peer.end == session_end::too_many_logins);
    session busy(policy);
    busy.login_verdict = login_check::unavailable;
    secured(busy).play("AUTH PLAIN " + plain + "\r\nAUTH PLAIN " + plain + "\r\nNOOP\r\n", 10'000, false);
    CHECK(codes(busy.said) == "454 454 250 ");
}

TEST_CASE("a login line: at the limit and one past it", "[smtp][engine][auth]")
{
    auto policy = submission();
    policy.limits.max_login_line_octets = 40;
    session peer(policy);
    secured(peer).play("AUTH PLAIN " + std::string(27, '!') + "\r\nAUTH PLAIN " + std::string(28, '!') + "\r\nNOOP\r\n",
                       10'000, false);
    CHECK(codes(peer.said) == "501 500 250 ");
}

TEST_CASE("AUTH is not there where mail comes from servers", "[smtp][engine][auth]")
{
    session peer(clear_policy());
    peer.play(hello + "AUTH PLAIN " + plain + "\r\nMAIL FROM:<a@b.test> AUTH=<>\r\n");
    CHECK(codes(peer.said) == "220 250 502 555 ");
}

TEST_CASE("the gate of a peer: mails wait, guesses and bad passwords end the connection", "[smtp][engine][rates]")
{
    std::map<rated, std::size_t> left{{rated::mail, 1}, {rated::unknown_recipient, 1}, {rated::refused_login, 0}};
    const auto count = [&left](rated what) {
        if (left[what] == 0) return gate::shut;
        --left[what];
        return gate::open;
    };
    session peer(clear_policy(), count);
    peer.boxes = {{"x@mx.test", recipient_check::unknown}, {"y@else.test", recipient_check::not_local}};
    peer.play(hello + "MAIL FROM:<a@b.test>\r\nRSET\r\nMAIL FROM:<a@b.test>\r\n");
    CHECK(codes(peer.said) == "220 250 250 250 450 ");
    left[rated::mail] = 1;
    peer.said.clear();
    peer.play("MAIL FROM:<a@b.test>\r\nRCPT TO:<x@mx.test>\r\nRCPT TO:<y@else.test>\r\nNOOP\r\n", 10'000, false);
    CHECK(codes(peer.said) == "250 550 550 421 ");
    CHECK(peer.end == session_end::rate_limited);
    session guess(submission(), count);
    guess.login_verdict = login_check::refused;
    secured(guess).play("AUTH PLAIN " + plain + "\r\n", 10'000, false);
    CHECK(codes(guess.said) == "535 421 ");
}

TEST_CASE("a report has one recipient", "[smtp][engine]")
{
    session peer(clear_policy());
    peer.play(hello + "MAIL FROM:<>\r\nRCPT TO:<a@mx.test>\r\nRCPT TO:<a@mx.test>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n" +
              body);
    CHECK(codes(peer.said) == "220 250 250 250 250 452 354 250 ");
    REQUIRE(peer.envelopes.size() == 1);
    CHECK(peer.envelopes[0].recipients.size() == 1);
}

TEST_CASE("a peer that takes too long hears 421", "[smtp][engine]")
{
    const auto wire = GENERATE(as<std::string>(), "", hello, hello + mail, hello + mail + "half a li");
    session peer(clear_policy());
    peer.play(wire);
    peer.said.clear();
    peer.next = peer.engine.on_too_slow();
    peer.play("", 1, false);
    CHECK(codes(peer.said) == "421 ");
    CHECK(peer.end == session_end::too_slow);
    CHECK(peer.stored.empty());
}
