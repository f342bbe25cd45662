#include <catch2/catch.hpp>

#include "tests/support/smtp_session.hpp"

using namespace relay::smtp;
using namespace tests;

TEST_CASE("mails are received however the bytes are cut", "[smtp][engine]")
{
    const auto step = GENERATE(std::size_t{1}, 2U, 5U, 17U, 10'000U);
    session peer(clear_policy());
    peer.play(hello + mail + body + mail + body + "QUIT\r\n", step);
    CAPTURE(step, peer.said);
    CHECK(codes(peer.said) == "220 250 250 250 354 250 250 250 354 250 221 ");
    REQUIRE(peer.stored.size() == 2);
    CHECK(peer.stored[1] == "a\r\n.b\r\n");
    CHECK(peer.envelopes[1].from.reverse_path == "a@a.test");
    CHECK(peer.envelopes[1].from.envid == "e");
    REQUIRE(peer.envelopes[1].recipients.size() == 1);
    CHECK(peer.envelopes[1].recipients[0].address == "b@mx.test");
    CHECK(peer.envelopes[1].recipients[0].notify.success);
    CHECK(peer.end == session_end::quit);
    CHECK(peer.engine.mails() == 2);
}

TEST_CASE("a connection cut at any byte stores whole mails only", "[smtp][engine]")
{
    check_cut_anywhere(hello + mail + body);
}

TEST_CASE("verdicts become replies, and 250 follows only what is durable", "[smtp][engine]")
{
    const std::vector<std::pair<store_result, std::string>> stores{
        {store_result::stored, "250 2.0.0"},
        {store_result::duplicate, "250 2.0.0"},
        {store_result::temporary_failure, "451 4.3.0"},
        {store_result::no_space, "452 4.3.1"},
        {store_result::mailbox_full, "452 4.2.2"},
        {store_result::too_big, "552 5.3.4"},
        {store_result::clear_refused, "550 5.7.1 not encrypted"},
        {store_result::refused, "554 5.7.1"}};
    for (const auto& [verdict, start] : stores) {
        session peer(clear_policy());
        peer.verdict = verdict;
        peer.play(hello + mail + body);
        CAPTURE(peer.said);
        CHECK(peer.said.find("\r\n" + start, peer.said.find("354")) != std::string::npos);
    }
    const std::vector<std::pair<recipient_check, std::string>> checks{
        {recipient_check::accepted, "250 2.1.5"},         {recipient_check::unknown, "550 5.1.1"},
        {recipient_check::closed, "550 5.2.1"},           {recipient_check::full, "452 4.2.2"},
        {recipient_check::no_space, "452 4.3.1"},         {recipient_check::not_local, "550 5.7.1"},
        {recipient_check::untrusted_domain, "550 5.7.1"}, {recipient_check::no_route, "550 5.7.1"},
        {recipient_check::temporary_failure, "451 4.3.0"}};
    for (const auto& [verdict, start] : checks) {
        session peer(clear_policy());
        peer.boxes["b@mx.test"] = verdict;
        peer.play(hello + "MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n");
        CAPTURE(peer.said);
        CHECK(peer.said.find("\r\n" + start) != std::string::npos);
        CHECK((codes(peer.said).find("354") != std::string::npos) == (verdict == recipient_check::accepted));
    }
}

TEST_CASE("commands out of order, unknown or wrong", "[smtp][engine]")
{
    struct row {
        std::string wire;
        std::string expected;
    };
    const auto tc = GENERATE(values<row>({
        {"MAIL FROM:<>\r\n", "220 503 "},
        {"EHLO\r\n", "220 501 "},
        {"EHLO a b\r\n", "220 501 "},
        {"HELO a\r\nRCPT TO:<a@x>\r\n", "220 250 503 "},
        {"HELO a\r\nDATA\r\n", "220 250 503 "},
        {"HELO a\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\n", "220 250 250 503 "},
        {"HELO a\r\nMAIL FROM:<>\r\nDATA\r\n", "220 250 250 554 "},
        {"HELO a\r\nMAIL FROM:<>\r\nRSET\r\nRCPT TO:<a@x>\r\n", "220 250 250 250 503 "},
        {"HELO a\r\nMAIL FROM:<>\r\nHELO a\r\nRCPT TO:<a@x>\r\n", "220 250 250 250 503 "},
        {"HELO a\r\nMAIL FROM:a@x\r\n", "220 250 553 "},
        {"HELO a\r\nMAIL FROM:<> X=1\r\n", "220 250 555 "},
        {"HELO a\r\nMAIL FROM:<> SIZE=x\r\n", "220 250 501 "},
        {"HELO a\r\nMAIL FROM:<> SIZE=99999999999\r\n", "220 250 552 "},
        {"NOOP x\r\nVRFY a\r\nRSET x\r\nEXPN a\r\nHELP\r\nAUTH PLAIN\r\nXYZ\r\n\r\n",
         "220 250 252 501 502 502 502 500 500 "},
        {"NOOP\n", "220 500 "},
        {"NO\rOP\r\n", "220 500 "},
        {"STARTTLS\r\n", "220 502 "},
    }));
    session peer(clear_policy());
    peer.play(tc.wire);
    CAPTURE(tc.wire, peer.said);
    CHECK(codes(peer.said) == tc.expected);
    CHECK(peer.stored.empty());
}

TEST_CASE("the postmaster is always known", "[smtp][engine]")
{
    session peer(clear_policy());
    peer.play(
        "HELO a\r\nMAIL FROM:<s@x>\r\nRCPT TO:<Postmaster>\r\nRCPT TO:<postmaster@MX.test>\r\nRCPT "
        "TO:<postmaster@other.test>\r\n");
    CHECK(peer.asked == std::vector<std::string>{"postmaster@other.test"});
}

TEST_CASE("TLS is required before MAIL, and bytes behind STARTTLS end the connection", "[smtp][engine]")
{
    auto policy = clear_policy();
    policy.tls = server_tls::required;
    session peer(policy);
    peer.play(hello + "MAIL FROM:<>\r\nRCPT TO:<a@x>\r\nDATA\r\nRSET\r\nNOOP\r\nSTARTTLS x\r\nSTARTTLS\r\n");
    CHECK(codes(peer.said) == "220 250 530 530 530 530 250 501 220 ");
    CHECK(peer.said.find("250-STARTTLS") != std::string::npos);
    CHECK(peer.handshakes == 1);
    peer.said.clear();
    peer.play("MAIL FROM:<>\r\n" + hello + "STARTTLS\r\n" + mail + body, 10'000, false);
    CHECK(codes(peer.said) == "503 250 503 250 250 354 250 ");
    CHECK(peer.said.find("STARTTLS") == std::string::npos);

    session injected(policy);
    injected.play(hello + "STARTTLS\r\nNOOP\r\n");
    CHECK(injected.end == session_end::bytes_behind_starttls);
    CHECK(injected.handshakes == 0);
    CHECK(codes(injected.said) == "220 250 ");
}

TEST_CASE("a required client certificate is required before MAIL", "[smtp][engine]")
{
    auto policy = clear_policy();
    policy.tls = server_tls::required;
    policy.certificates = client_certificates::required;
    const auto certificate = GENERATE(tls_peer::without_certificate, tls_peer::with_certificate);
    session peer(policy);
    peer.certificate = certificate;
    peer.play(hello + "STARTTLS\r\n");
    peer.said.clear();
    peer.play(hello + "MAIL FROM:<>\r\n", 10'000, false);
    CHECK(codes(peer.said) == (certificate == tls_peer::with_certificate ? "250 250 " : "250 530 "));
}

TEST_CASE("the returns listener takes reports and replies for one mailbox only", "[smtp][engine]")
{
    auto policy = clear_policy();
    policy.only_recipient = "retours@mx.test";
    session peer(policy);
    peer.play(
        hello +
        "MAIL FROM:<a@x.test>\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<Retours@mx.test>\r\nDATA\r\n" +
        body);
    CHECK(codes(peer.said) == "220 250 250 250 250 550 250 354 250 ");
    CHECK(peer.asked == std::vector<std::string>{"Retours@mx.test"});
}

TEST_CASE("limits hold at the limit and refuse one past it", "[smtp][engine]")
{
    auto policy = clear_policy();
    SECTION("recipients")
    {
        policy.limits.max_recipients = 2;
        session peer(policy);
        peer.play("HELO a\r\nMAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\n");
        CHECK(codes(peer.said) == "220 250 250 250 250 250 452 ");
    }
    SECTION("errors")
    {
        policy.limits.max_errors = 2;
        session peer(policy);
        peer.play("X\r\nNOOP\r\nX\r\nNOOP\r\n");
        CHECK(codes(peer.said) == "220 500 250 500 421 ");
        CHECK(peer.end == session_end::too_many_errors);
    }
    SECTION("commands that lead nowhere")
    {
        policy.limits.max_idle_commands = 2;
        session peer(policy);
        peer.play("NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n");
        CHECK(peer.said.find("421 4.7.0") != std::string::npos);
        CHECK(peer.end == session_end::too_many_commands);
    }
    SECTION("mails in one connection")
    {
        policy.limits.max_mails = 1;
        session peer(policy);
        peer.play(hello + mail + body + mail + body);
        CHECK(peer.stored.size() == 1);
        CHECK(peer.end == session_end::too_many_commands);
    }
    SECTION("line length")
    {
        policy.limits.max_line_octets = 20;
        policy.limits.max_path_line_octets = 30;
        const auto step = GENERATE(std::size_t{1}, 7U, 1000U);
        session peer(policy);
        peer.play("NOOP " + std::string(13, 'x') + "\r\nNOOP " + std::string(14, 'x') +
                      "\r\nHELO a\r\nMAIL FROM:<a@xxxxxxxxxxxxxx>\r\nRSET\r\nMAIL FROM:<a@xxxxxxxxxxxxxxx>\r\nNOOP\r\n",
                  step);
        CAPTURE(peer.said);
        CHECK(codes(peer.said) == "220 250 500 250 250 250 500 250 ");
    }
    SECTION("message size, counted")
    {
        policy.limits.data.max_message_octets = 10;
        const std::string start = "HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\nDATA\r\n";
        session fits(policy);
        fits.play(start + "12345678\r\n.\r\nNOOP\r\n");
        CHECK(codes(fits.said) == "220 250 250 250 354 250 250 ");
        session past(policy);
        past.play(start + "123456789\r\n.\r\nNOOP\r\n");
        CHECK(codes(past.said) == "220 250 250 250 354 552 250 ");
        CHECK(past.stored.empty());
        session endless(policy);
        endless.play(start + std::string(100, 'x'), 10);
        CHECK(endless.end == session_end::too_big);
    }
}

TEST_CASE("no second mail can be smuggled in", "[smtp][engine]")
{
    // Every dot line that one end of the world takes for the end of a mail and another does not.
    const auto end = GENERATE(as<std::string>(), "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n.\r",
                              "\r.\n", "\r\r\n.\r\r\n", "\r\n\r.\r\n", "\r\n.\r\r\n", "\r\n.\n\r\n", "\r\n\n.\r\n");
    const auto step = GENERATE(std::size_t{1}, 3U, 10'000U);
    session peer(clear_policy());
    peer.play(hello + mail + "a" + end + "MAIL FROM:<x@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nb\r\n.\r\nNOOP\r\n", step);
    CAPTURE(end, step, peer.said);
    CHECK(codes(peer.said) == "220 250 250 250 354 554 250 ");
    CHECK(peer.stored.empty());
}

TEST_CASE("shutting down waits for the end of a mail", "[smtp][engine]")
{
    session peer(clear_policy());
    peer.play(hello + mail);
    peer.engine.shut_down();
    CHECK(peer.engine.is_in_mail());
    peer.play(body, 3, false);
    CHECK(peer.stored.size() == 1);
    CHECK(peer.end == session_end::shutting_down);
    CHECK(codes(peer.said) == "220 250 250 250 354 250 421 ");

    server_engine busy(clear_policy());
    const auto said = busy.start_busy();
    REQUIRE(std::holds_alternative<engine_t::send>(said));
    CHECK(std::get<engine_t::send>(said).bytes.substr(0, 3) == "421");
    CHECK(std::holds_alternative<engine_t::finished>(busy.on_sent()));
}
