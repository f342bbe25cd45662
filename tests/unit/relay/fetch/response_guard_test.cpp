// What an IMAP server may send before libetpan sees it, cut at every place.
#include "relay/fetch/response_guard.hpp"

#include <catch2/catch.hpp>

#include <string>

using relay::error_code;
using relay::fetch::continuation;
using relay::fetch::errc;
using relay::fetch::response_guard;
using relay::fetch::response_limits;

namespace {
constexpr response_limits limits{400, 100, 120, 3};

// Of all octets, however they are cut in two; the same each time.
error_code seen(const std::string& wire, continuation plus = continuation::expected)
{
    error_code first;
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        response_guard guard;
        guard.expect(limits, plus);
        auto result = guard.feed(std::string_view(wire).substr(0, cut));
        if (result.has_value()) result = guard.feed(std::string_view(wire).substr(cut));
        const error_code now = result.has_value() ? error_code() : result.error();
        if (cut == 0) first = now;
        CHECK(now == first);
    }
    return first;
}
}

TEST_CASE("what servers say goes through", "[fetch][guard]")
{
    const std::string wire = GENERATE(
        std::string("* OK [CAPABILITY IMAP4rev1 SASL-IR] Dovecot ready.\r\n"), std::string("1 OK Logged in\r\n"),
        std::string("* 1 FETCH (UID 7 RFC822.SIZE 44 FLAGS (\\Seen))\r\n2 OK done\r\n"),
        std::string("* 1 FETCH (UID 7 BODY[] {5}\r\n((\r\n\0)\r\n2 OK done\r\n", 48),
        std::string("* 1 FETCH (UID 7 BODY[] \"a (\\\" b\")\r\n"),
        std::string("* 1 FETCH (BODY[] {100}\r\n") + std::string(100, '('),
        std::string("+ idling\r\n* 3 EXISTS\r\n* OK Still here\r\n"), std::string("* 1 fetch (BODY[] {3}\r\nabc)\r\n"),
        std::string("* 1 FETCH (BODY[] {0000000003}\r\nabc)\r\n"), std::string("* OK {0123456789} more\r\n"),
        std::string("* OK somebody's \" mark\r\n"), std::string("* OK {x}\r\n"), std::string("* OK {5} more\r\n"),
        "* OK " + std::string(114, 'x') + "\r\n");
    CAPTURE(wire);
    CHECK_FALSE(seen(wire));
}

TEST_CASE("what would harm us ends the session", "[fetch][guard]")
{
    struct row {
        std::string wire;
        errc why;
    };
    const row tc = GENERATE(
        row{"* BYE shutting down\r\n", errc::server_closing}, row{"* bye\r\n", errc::server_closing},
        row{"* 1 FETCH (BODY[] {101}\r\n", errc::response_too_large},
        row{"* 1 FETCH (BODY[] {4294967295}\r\n", errc::response_too_large},
        row{"* 1 FETCH (BODY[] {9999999999}\r\n", errc::response_too_large},
        row{"* 1 FETCH (BODY[] {00000000003}\r\nabc)\r\n", errc::protocol_error},  // eleven digits
        row{"* 1 FETCH (BODY[] {00004294967295}\r\n", errc::protocol_error},
        row{"* OK {12345678901} more\r\n", errc::protocol_error}, row{"* 1 FETCH ((((\r\n", errc::response_too_large},
        row{"* OK ((((\r\n", errc::response_too_large},
        row{"* OK a literal where none belongs {5}\r\n", errc::protocol_error},
        row{"* LIST () \"/\" {5}\r\n", errc::protocol_error}, row{"2 OK {5}\r\n", errc::protocol_error},
        row{"* FETCH (BODY[] {5}\r\n", errc::protocol_error}, row{"* 1 FETCHED {5}\r\n", errc::protocol_error},
        row{"* 1 FETCH (BODY[] \"abc {5}\r\n", errc::protocol_error},
        row{"* OK " + std::string(117, 'x') + "\r\n", errc::response_too_large},
        row{std::string("* OK \0\r\n", 8), errc::protocol_error},
        row{"* 1 FETCH (BODY[] {100}\r\n" + std::string(100, 'x') + " BODY[] {100}\r\n" + std::string(100, 'x') +
                " BODY[] {100}\r\n" + std::string(100, 'x') + " BODY[] {100}\r\n" + std::string(100, 'x'),
            errc::response_too_large},
        row{"* 1 FETCH (BODY[] {3}\r\nabc(((", errc::response_too_large});
    CAPTURE(tc.wire);
    CHECK(seen(tc.wire) == tc.why);
}

TEST_CASE("a plus behind a login refuses it", "[fetch][guard]")
{
    CHECK(seen("+ eyJzdGF0dXMiOiI0MDEifQ==\r\n", continuation::refusal) == errc::login_refused);
    CHECK_FALSE(seen("2 OK a + b\r\n", continuation::refusal));
}

TEST_CASE("what answers the next command is counted anew", "[fetch][guard]")
{
    response_guard guard;
    for (int n = 0; n < 10; ++n) {
        guard.expect(limits);
        CHECK(guard.feed("* OK " + std::string(100, 'x') + "\r\n").has_value());
    }
    CHECK(guard.feed("* OK " + std::string(100, 'x') + "\r\n").has_value());
}
