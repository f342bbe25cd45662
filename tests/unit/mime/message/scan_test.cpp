#include "mime/message/scan.hpp"
#include "mime/message/entity.hpp"
#include "mime/message/imap_view.hpp"

#include <catch2/catch.hpp>

using namespace mime::message;

namespace {
// `levels` multiparts inside each other around one text: depth levels + 1.
std::string nested(std::size_t levels)
{
    std::string out = "From: a@example.test\r\n";
    for (std::size_t n = 0; n < levels; ++n) {
        const std::string boundary = "b" + std::to_string(n) + "x";
        out += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
    }
    return out += "Content-Type: text/plain\r\n\r\nend\r\n";
}

std::string flat(std::size_t parts)
{
    std::string out = "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n";
    for (std::size_t n = 0; n < parts; ++n) out += "--b\r\n\r\nx\r\n";
    return out += "--b--\r\n";
}

std::string comments(std::size_t depth)
{
    return "From: " + std::string(depth, '(') + std::string(depth, ')') + " a@example.test\r\n\r\nx\r\n";
}

std::string header_of(std::size_t octets)
{
    std::string out;
    while (out.size() + 70 < octets) out += "X-Fill: " + std::string(50, 'x') + "\r\n";
    out += "Y: ";
    return out + std::string(octets - out.size() - 4, 'y') + "\r\n\r\nbody\r\n";
}
}

TEST_CASE("every limit of the scan holds at it and fails one past it", "[message][scan]")
{
    struct row {
        std::string at;
        std::string past;
        message_errc error;
    };
    const scan_limits limits;
    const std::vector<row> rows = {
        {nested(31), nested(32), message_errc::mime_too_deep},
        {flat(999), flat(1000), message_errc::too_many_parts},
        {comments(32), comments(33), message_errc::comments_too_deep},
        {header_of(limits.max_header_octets), header_of(limits.max_header_octets + 1), message_errc::header_too_large},
        {"\r\n" + std::string(limits.max_line_octets, 'x'), "\r\n" + std::string(limits.max_line_octets + 1, 'x'),
         message_errc::line_too_long},
    };
    for (const auto& row : rows) {
        CAPTURE(make_error_code(row.error).message());
        CHECK(scan_message(row.at).has_value());
        CHECK(read_part_tree(row.at).has_value());
        const auto past = scan_message(row.past);
        REQUIRE_FALSE(past.has_value());
        CHECK(past.error() == row.error);
    }
    scan_limits small;
    small.max_octets = 10;
    CHECK(scan_message("\r\n12345678", small).has_value());
    CHECK(scan_message("\r\n123456789", small).error() == message_errc::message_too_large);
}

TEST_CASE("mails made to hurt libetpan are refused", "[message][scan]")
{
    const std::string parentheses = "From: " + std::string(1024 * 1024, '(') + "\r\n\r\n";
    CHECK_FALSE(scan_message(parentheses).has_value());
    CHECK_FALSE(scan_message(nested(20'000)).has_value());
    CHECK_FALSE(scan_message(flat(20'000)).has_value());
    std::string mails;  // message/rfc822 in message/rfc822 …
    for (int n = 0; n < 20'000; ++n) mails += "Content-Type: message/rfc822\r\n\r\n";
    CHECK_FALSE(scan_message(mails).has_value());
    std::string quoted = "From: ";  // comments spread over folded lines
    for (int n = 0; n < 100; ++n) quoted += "(\"\\)\r\n ";
    CHECK(scan_message(quoted + "\r\n\r\n").error() == message_errc::comments_too_deep);
    CHECK(make_imap_view(parentheses).kind == view_kind::opaque);
    CHECK(make_imap_view(nested(20'000)).kind == view_kind::opaque);
}

TEST_CASE("whatever passes the scan is read by libetpan in bounded time", "[message][scan]")
{
    std::string to = "To: ";
    for (int n = 0; n < 20'000; ++n) to += "a@b.fr,\r\n ";
    to += "a@b.fr\r\n\r\n";
    std::string fields;
    for (int n = 0; n < 4'900; ++n) fields += "X-A: b\r\n";
    std::string parameters = "Content-Type: text/plain";
    for (int n = 0; n < 20'000; ++n) parameters += ";\r\n a=b";
    const std::string bare_cr = "A: b\r\n\r\n" + std::string(4 * 1024 * 1024, '\r');
    const std::string dashes = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + [] {
        std::string out;
        for (int n = 0; n < 500'000; ++n) out += "--x\r\n";
        return out;
    }();
    CHECK(scan_message(bare_cr)->bare_cr == 4 * 1024 * 1024);
    for (const auto& mail : {bare_cr, dashes, to, fields + "\r\n", parameters + "\r\n\r\nx", nested(31), flat(999)}) {
        const auto view = make_imap_view(mail);
        CHECK(view.kind == view_kind::parsed);
    }
}

TEST_CASE("the scan counts what SMTP forbids", "[message][scan]")
{
    struct row {
        std::string_view mail;
        std::size_t cr, lf, nul, high, over_long;
    };
    using namespace std::string_view_literals;
    const std::string long_line = "\r\n" + std::string(999, 'x');
    const std::vector<row> rows = {{"A: b\r\n\r\nc\r\n", 0, 0, 0, 0, 0},
                                   {"A: b\r\n\r\nc\rd\r\n", 1, 0, 0, 0, 0},
                                   {"A: b\n\nc\n", 0, 3, 0, 0, 0},
                                   {"A: b\r\n\r\n\0\0"sv, 0, 0, 2, 0, 0},
                                   {"A: \xC3\xA9\r\n\r\n", 0, 0, 0, 2, 0},
                                   {"A: bcdefgh\r\n\r\n\0ijklmno\x80\xFFpq\0"sv, 0, 0, 2, 2, 0},
                                   {long_line, 0, 0, 0, 0, 1}};
    for (const auto& row : rows) {
        const auto report = scan_message(row.mail);
        REQUIRE(report.has_value());
        CHECK(report->bare_cr == row.cr);
        CHECK(report->bare_lf == row.lf);
        CHECK(report->nul == row.nul);
        CHECK(report->octets_above_127 == row.high);
        CHECK(report->over_long_lines == row.over_long);
    }
    CHECK(scan_message("A: b\r\n\r\nc\r\n")->header_octets == 8);
    CHECK(scan_message(nested(3))->depth == 4);
    CHECK(scan_message(flat(3))->parts == 4);
}
