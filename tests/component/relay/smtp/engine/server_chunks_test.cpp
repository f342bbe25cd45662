// BDAT (RFC 3030): octets are counted, whatever they hold; nothing in a chunk is ever a command.
#include <catch2/catch.hpp>

#include "tests/support/smtp_session.hpp"

using namespace relay::smtp;
using namespace tests;

namespace {
const std::string to_b = hello + "MAIL FROM:<a@a.test>\r\nRCPT TO:<b@mx.test>\r\n";

std::string chunk(std::string_view bytes, std::string_view last = "")
{
    return "BDAT " + std::to_string(bytes.size()) + std::string(last) + "\r\n" + std::string(bytes);
}
}

TEST_CASE("chunks make one mail however the bytes are cut", "[smtp][engine][bdat]")
{
    const auto step = GENERATE(std::size_t{1}, 2U, 7U, 10'000U);
    session peer(clear_policy());
    peer.play(to_b + chunk("Subject: x\r") + chunk("\n\r\n.\r\nQUIT\r\n") + chunk("..end\r\n", " LAST") + "NOOP\r\n",
              step);
    CAPTURE(step, peer.said);
    CHECK(codes(peer.said) == "220 250 250 250 250 250 250 250 ");
    REQUIRE(peer.stored.size() == 1);
    CHECK(peer.stored[0] == "Subject: x\r\n\r\n.\r\nQUIT\r\n..end\r\n");
    CHECK(peer.said.find("250-CHUNKING") != std::string::npos);
    CHECK(peer.said.find("BINARYMIME") == std::string::npos);
}

TEST_CASE("chunks cut at any byte store nothing before the last octet", "[smtp][engine][bdat]")
{
    check_cut_anywhere(to_b + chunk("a\r\n") + chunk("b\r\n", " LAST"));
}

TEST_CASE("chunks out of order, and what chunks may not hold", "[smtp][engine][bdat]")
{
    struct row {
        std::string wire;
        std::string expected;
    };
    const auto tc = GENERATE(values<row>({
        {hello + chunk("QUIT\r\n", " LAST") + "NOOP\r\n", "220 250 503 250 "},
        {hello + "MAIL FROM:<>\r\n" + chunk("QUIT\r\n", " LAST") + "NOOP\r\n", "220 250 250 554 250 "},
        {to_b + chunk("a\nb\r\n", " LAST") + "NOOP\r\n", "220 250 250 250 554 250 "},
        {to_b + chunk("a\rb\r\n", " LAST") + "NOOP\r\n", "220 250 250 250 554 250 "},
        {to_b + chunk("a\r\n\r", " LAST") + "NOOP\r\n", "220 250 250 250 554 250 "},
        {to_b + chunk(std::string("a\0b\r\n", 5), " LAST") + "NOOP\r\n", "220 250 250 250 554 250 "},
        {to_b + chunk("a\r\n") + "DATA\r\n", "220 250 250 250 250 503 "},
        {to_b + chunk("a\r\n") + "RCPT TO:<c@mx.test>\r\n", "220 250 250 250 250 503 "},
        {to_b + chunk("a\r\n") + "RSET\r\n" + chunk("QUIT\r\n", " LAST"), "220 250 250 250 250 250 503 "},
        {to_b + chunk("a\r\n", " LAST") + chunk("b\r\n", " LAST"), "220 250 250 250 250 503 "},
        {to_b + "BDAT 0 LAST\r\nNOOP\r\n", "220 250 250 250 250 250 "},
        {to_b + chunk("a\r\n") + "BDAT 0 LAST\r\nNOOP\r\n", "220 250 250 250 250 250 250 "},
        {to_b + "BDAT x\r\nNOOP\r\n", "220 250 250 250 501 "},
        {to_b + "BDAT 1LAST\r\nNOOP\r\n", "220 250 250 250 501 "},
        {to_b + "BDAT 1 FIRST\r\nNOOP\r\n", "220 250 250 250 501 "},
        {to_b + "BDAT\r\nNOOP\r\n", "220 250 250 250 501 "},
        {to_b + "BDAT -1\r\nNOOP\r\n", "220 250 250 250 501 "},
        {hello + "MAIL FROM:<> BODY=BINARYMIME\r\n", "220 250 501 "},
    }));
    const auto step = GENERATE(std::size_t{1}, 10'000U);
    session peer(clear_policy());
    peer.play(tc.wire, step);
    CAPTURE(tc.wire, step, peer.said);
    CHECK(codes(peer.said) == tc.expected);
}

TEST_CASE("a mail in chunks without its last CRLF gets it", "[smtp][engine][bdat]")
{
    session peer(clear_policy());
    peer.play(to_b + chunk("a\r\nb", " LAST"));
    REQUIRE(peer.stored.size() == 1);
    CHECK(peer.stored[0] == "a\r\nb\r\n");
}

TEST_CASE("chunks before TLS are read away, not taken for commands", "[smtp][engine][bdat]")
{
    auto policy = clear_policy();
    policy.tls = server_tls::required;
    session peer(policy);
    peer.play(hello + chunk("STARTTLS\r\n", " LAST") + "NOOP\r\n");
    CHECK(codes(peer.said) == "220 250 530 250 ");
    CHECK(peer.handshakes == 0);
}

TEST_CASE("size of a mail in chunks: at the limit and one past it", "[smtp][engine][bdat]")
{
    auto policy = clear_policy();
    policy.limits.data.max_message_octets = 6;
    session fits(policy);
    fits.play(to_b + chunk("a\r\n") + chunk("b\r\n", " LAST"));
    CHECK(fits.stored.size() == 1);
    session past(policy);
    past.play(to_b + chunk("a\r\n") + chunk("bc\r\n", " LAST") + "NOOP\r\n");
    CHECK(codes(past.said) == "220 250 250 250 250 552 250 ");
    CHECK(past.stored.empty());
    session early(policy);  // after a refused chunk the rest is out of order until RSET
    early.play(to_b + chunk("abcde\r\n") + chunk("b\r\n", " LAST") + "RSET\r\nMAIL FROM:<>\r\n");
    CHECK(codes(early.said) == "220 250 250 250 552 503 250 250 ");
    CHECK(early.stored.empty());
    session vast(policy);
    vast.play(to_b + "BDAT 999999999999999999\r\n");
    CHECK(vast.end == session_end::too_big);
    policy.limits.data.max_line_octets = 4;
    policy.limits.data.max_message_octets = 100;
    session line(policy);
    line.play(to_b + chunk("ab\r\n", " LAST") + "RSET\r\nMAIL FROM:<>\r\nRCPT TO:<b@x>\r\n" +
              chunk("abc\r\n", " LAST"));
    CHECK(codes(line.said) == "220 250 250 250 250 250 250 250 554 ");
}
