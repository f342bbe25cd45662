// Requests as octets: every cut, every limit at it and one past it, what is malformed, other hosts, other methods.
#include <catch2/catch.hpp>

#include "relay/http/request.hpp"

using namespace relay::http;

namespace {
std::string head_of(std::string_view line, std::string_view fields = "Host: localhost:8480\r\n")
{
    return std::string(line) + "\r\n" + std::string(fields) + "\r\n";
}

std::string refusal(const std::string& head)
{
    const auto read = read_head(head);
    return read.has_error() ? read.error().message() : "";
}
}

TEST_CASE("a browser's request", "[http][request]")
{
    const auto read =
        read_head(head_of("GET /indicateurs?from=2026-11-16&to=2026-11-22&service=UF%2001+A&service=x HTTP/1.1",
                          "Host: 127.0.0.1:8480\r\nAccept: text/html\r\nIf-None-Match: \"a\"\r\n"));
    REQUIRE(read.has_value());
    CHECK(read->verb == method::get);
    CHECK(read->path == "/indicateurs");
    CHECK(read->parameter("from") == "2026-11-16");
    CHECK(read->parameter("service") == "UF 01 A");
    CHECK(read->parameter("site").empty());
    CHECK(read->known_tag == "\"a\"");
    CHECK(read->connection == persistence::keep);
    CHECK(read_head(head_of("HEAD / HTTP/1.1"))->verb == method::head);
    CHECK(read_head(head_of("GET / HTTP/1.0"))->connection == persistence::close);
    CHECK(read_head(head_of("GET / HTTP/1.1", "Host: localhost\r\nConnection: close\r\n"))->connection ==
          persistence::close);
    CHECK(read_head(head_of("GET /%6Ciste HTTP/1.1"))->path == "/liste");
    CHECK(read_head(head_of("GET http://localhost:1/liste HTTP/1.1"))->path == "/liste");
    CHECK(read_head(head_of("GET http://127.0.0.1 HTTP/1.1"))->path == "/");
    CHECK(read_head(head_of("GET / HTTP/1.1", "Host: localhost\r\nContent-Length: 0\r\n")).has_value());
}

TEST_CASE("what is refused has its code", "[http][request]")
{
    struct row {
        std::string head;
        std::string_view code;
    };
    const row rows[] = {
        {head_of("POST /liste HTTP/1.1"), "METHOD_REFUSED"},
        {head_of("get /liste HTTP/1.1"), "METHOD_REFUSED"},
        {head_of("OPTIONS * HTTP/1.1"), "METHOD_REFUSED"},
        {head_of("GET /liste HTTP/2.0"), "VERSION_REFUSED"},
        {head_of("GET /liste HTTP/1.2"), "VERSION_REFUSED"},
        {head_of("GET /liste"), "MALFORMED"},
        {head_of("GET  /liste HTTP/1.1"), "MALFORMED"},
        {head_of("GET /a b HTTP/1.1"), "MALFORMED"},
        {head_of("GET http://rebind.example/liste HTTP/1.1"), "HOST_REFUSED"},
        {head_of("GET http://localhost?x HTTP/1.1"), "HOST_REFUSED"},
        {head_of("GET https://localhost/ HTTP/1.1"), "MALFORMED"},
        {head_of("GET liste HTTP/1.1"), "MALFORMED"},
        {head_of("GET * HTTP/1.1"), "MALFORMED"},
        {head_of("GET /%zz HTTP/1.1"), "MALFORMED"},
        {head_of("GET /%00 HTTP/1.1"), "MALFORMED"},
        {head_of("GET /?a=%00 HTTP/1.1"), "MALFORMED"},
        {head_of("GET /<script> HTTP/1.1"), "MALFORMED"},
        {head_of("GET / HTTP/1.1", "Host: localhost\r\nbad field\r\n"), "MALFORMED"},
        {head_of("GET / HTTP/1.1", "Host: localhost\r\na b: c\r\n"), "MALFORMED"},
        {head_of("GET / HTTP/1.1", std::string_view("Host: localhost\r\nX: a\0b\r\n", 25)), "MALFORMED"},
        {head_of("GET / HTTP/1.1", ""), "HOST_MISSING"},
        {head_of("GET / HTTP/1.1", "Host: localhost\r\nHost: localhost\r\n"), "HOST_MISSING"},
        {head_of("GET / HTTP/1.1", "Host: rebind.example\r\n"), "HOST_REFUSED"},
        {head_of("GET / HTTP/1.1", "Host:\r\n"), "HOST_REFUSED"},
        {head_of("GET / HTTP/1.1", "Host: localhost\r\nContent-Length: 3\r\n"), "BODY_REFUSED"},
        {head_of("GET / HTTP/1.1", "Host: localhost\r\nTransfer-Encoding: chunked\r\n"), "BODY_REFUSED"},
        {"\r\n\r\n", "MALFORMED"},
        {"\x16\x03\x01\x02\r\n\r\n", "MALFORMED"},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.head);
        CHECK(refusal(tc.head) == tc.code);
    }
}

TEST_CASE("no cut and no damage of a request throws, and a whole head is found once", "[http][request]")
{
    const std::string whole = head_of("GET /liste?service=UF01 HTTP/1.1");
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        const auto found = find_head(whole.substr(0, cut));
        REQUIRE(found.has_value());
        CHECK_FALSE(*found);
        CHECK_NOTHROW(static_cast<void>(read_head(whole.substr(0, cut))));
        std::string damaged = whole;
        for (const char c : {'\0', '\r', '\n', ' ', '\xff', ':'}) {
            damaged[cut] = c;
            CHECK_NOTHROW(static_cast<void>(read_head(damaged)));
        }
    }
    CHECK(find_head(whole + "GET").value() == whole.size());
}

TEST_CASE("limits of a head, at them and one past", "[http][request]")
{
    request_limits limits;
    limits.target_octets = 10;
    CHECK(read_head(head_of("GET /123456789 HTTP/1.1"), limits).has_value());
    CHECK(read_head(head_of("GET /1234567890 HTTP/1.1"), limits).error() == errc::target_too_long);
    const std::string whole = head_of("GET / HTTP/1.1");
    limits.head_octets = whole.size();
    CHECK(find_head(whole, limits).value() == whole.size());
    limits.head_octets = whole.size() - 1;
    CHECK(find_head(whole, limits).error() == errc::head_too_large);
    CHECK(find_head(whole.substr(0, whole.size() - 2), limits).has_value());
    CHECK(find_head(whole.substr(0, whole.size() - 1), limits).error() == errc::head_too_large);
}

TEST_CASE("hosts of this machine", "[http][request]")
{
    for (const auto good :
         {"localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8480", "127.1.2.3:65535", "[::1]", "[::1]:80"})
        CHECK(is_loopback_host(good));
    for (const auto bad :
         {"", "localhost.", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1:", "127.0.0.1:x", "127.1",
          "127.0.0.", "::1", "[::1", "[::2]", "10.0.0.1", "localhost:123456", "127.0.0.1 ", "0.0.0.0"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_loopback_host(bad));
    }
}

TEST_CASE("every error has a status, a code and words", "[http]")
{
    for (int code = 1; code <= static_cast<int>(errc::page_failed); ++code) {
        const errc_facts& facts = facts_of(make_error_code(static_cast<errc>(code)));
        CHECK((facts.status >= 400 && facts.status < 600));
        CHECK_FALSE(facts.code.empty());
        CHECK_FALSE(facts.meaning.empty());
    }
    CHECK(facts_of(boost::system::errc::make_error_code(boost::system::errc::io_error)).code == "PAGE_FAILED");
}
