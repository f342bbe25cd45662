#include "tests/unit/mime/hl7/sample.hpp"

#include "mime/hl7/header.hpp"
#include "mime/hl7/message.hpp"
#include "mime/hl7/peek.hpp"

#include <catch2/catch.hpp>

using namespace mime::hl7;
using namespace hl7_test;

namespace {
const std::string msh = "MSH|^~\\&|A|B|C|D|20261120||ADT^A03|1|P|2.5|||||FRA|UNICODE UTF-8\r";

message read(std::string text)
{
    auto got = read_message(std::move(text));
    REQUIRE(got.has_value());
    return *std::move(got);
}
}

TEST_CASE("fields are numbered as HL7 numbers them", "[hl7][message]")
{
    const message m = read(msh + "PID|1||a^b&c&d^e~f^g|\"\"|x\\F\\y\r\nZZ1\nPID|2\r");
    REQUIRE(m.segments().size() == 4);
    CHECK(m.header().field(1).raw() == "|");
    CHECK(m.header().field(2).raw() == "^~\\&");
    CHECK(m.header().field(3).raw() == "A");
    CHECK(m.header().field(18).raw() == "UNICODE UTF-8");
    CHECK(m.header().field(99).empty());
    const segment pid = *m.first("PID");
    CHECK(pid.field(1).raw() == "1");
    CHECK(pid.field(2).empty());
    CHECK(pid.field(2).repetitions().empty());
    const auto ids = pid.field(3).repetitions();
    REQUIRE(ids.size() == 2);
    CHECK(ids[0].component(1).text() == "a");
    CHECK(ids[0].component(2).sub(2).text() == "c");
    CHECK(ids[0].component(2).sub(4).empty());
    CHECK(ids[1].component(2).text() == "g");
    CHECK(pid.field(3).component(3).text() == "e");
    CHECK(pid.field(4).empty());
    CHECK(pid.field(4).component(1).text().empty());
    CHECK(pid.field(5).component(1).text() == "x|y");
    CHECK(pid.location(3) == "PID^1^3");
    CHECK(m.segments()[3].location(5, 2) == "PID^2^5^1^2");
    CHECK(m.count("PID") == 2);
    CHECK_FALSE(m.first("PV1").has_value());
}

TEST_CASE("delimiters come from the message", "[hl7][message]")
{
    const message m =
        read("MSH!*#/+!A!B!C!D!20261120!!ADT*A03!1!P!2.5!!!!!FRA!UNICODE UTF-8\rPID!1!!a*b+c#d!x|y^z!/S/\r");
    const segment pid = *m.first("PID");
    CHECK(pid.field(3).component(2).sub(2).text() == "c");
    CHECK(pid.field(3).repetitions().size() == 2);
    CHECK(pid.field(5).component(1).text() == "*");
    CHECK(with_standard_delimiters(pid.field(3).raw(), m.marks()) == "a^b&c~d");
    CHECK(with_standard_delimiters(pid.field(4).raw(), m.marks()) == "x\\F\\y\\S\\z");
}

TEST_CASE("escapes are undone, unknown ones kept", "[hl7][message]")
{
    struct row {
        std::string_view raw, text;
    };
    const auto tc = GENERATE(values<row>({{"a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\", "a|b^c&d~e\\"},
                                          {"\\.br\\x", "\nx"},
                                          {"\\X4A4b\\", "JK"},
                                          {"\\XC3A9\\", "é"},
                                          {"\\X00\\", "\\X00\\"},
                                          {"\\XFF\\", "\\XFF\\"},
                                          {"\\X4\\", "\\X4\\"},
                                          {"\\H\\gras\\N\\", "gras"},
                                          {"\\Zxx\\", "\\Zxx\\"},
                                          {"seul\\", "seul\\"},
                                          {"a\\b\\F\\", "a\\b|"},
                                          {"\"\"", ""}}));
    CAPTURE(tc.raw);
    CHECK(unescape(tc.raw, {}) == tc.text);
}

TEST_CASE("what is escaped reads back", "[hl7][message]")
{
    const std::string text = "a|b^c&d~e\\f é\ng";
    CHECK(unescape(escape(text), {}) == text);
    CHECK(escape("a\r\nb\rc\x01") == "a\\.br\\b\\.br\\c");
}

TEST_CASE("both character sets are read, no other", "[hl7][message]")
{
    const std::string latin = "MSH|^~\\&|A|B|C|D|20261120||ADT^A03|1|P|2.5|||||FRA|8859/15\rNTE|\xe9\xa4\r";
    const message m = read(latin);
    CHECK(m.charset() == charset::latin9);
    CHECK(m.first("NTE")->field(1).component(1).text() == "é€");

    struct row {
        std::string_view name;
        int code;
    };
    const auto tc =
        GENERATE(values<row>({{"", 101}, {"ASCII", 103}, {"8859/1", 103}, {"UNICODE UTF-16", 103}, {"utf-8", 103}}));
    const auto got = read_message(with_field(msh, "MSH", 18, tc.name));
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().front().code == tc.code);
    CHECK(got.error().front().location == "MSH^1^18");
}

TEST_CASE("a message survives being moved", "[hl7][message]")
{
    message first = read(msh + "PID|1||short\r");
    const message second = std::move(first);
    CHECK(second.first("PID")->field(3).component(1).text() == "short");
}

TEST_CASE("octets of another owner are read where they are", "[hl7][message]")
{
    const std::string octets = hl7_test::document_text();
    const auto message = borrow_message(octets);
    REQUIRE(message.has_value());
    for (const segment& each : message->segments()) {
        CHECK(each.raw().data() >= octets.data());
        CHECK(each.raw().data() + each.raw().size() <= octets.data() + octets.size());
    }
    const std::string latin9 = hl7_test::replaced(hl7_test::replaced(octets, "\xc3\xa9", "\xe9"), "\xc3\xa0", "\xe0");
    const auto rewritten = borrow_message(hl7_test::replaced(latin9, "UNICODE UTF-8", "8859/15"));  // gone after this
    REQUIRE(rewritten.has_value());
    CHECK(rewritten->first("OBR")->raw() == message->first("OBR")->raw());
}

TEST_CASE("frames and blank lines around a message are tolerated", "[hl7][message]")
{
    for (const std::string& text :
         {"\xef\xbb\xbf" + msh, "\x0b" + msh + "\x1c\r", "\r\n" + msh + "\r\n\r\n", "\x0b" + msh + "\x1c"}) {
        CHECK(read(text).segments().size() == 1);
        CHECK(peek(text) == message_kind::hl7);
        CHECK(read_header(text)->control_id == "1");
    }
}

TEST_CASE("damaged messages are refused with their place", "[hl7][message]")
{
    struct row {
        std::string text;
        int code;
        std::string_view location;
    };
    const auto tc = GENERATE(values<row>({
        {"", 100, "MSH^1"},
        {"PID|1\r", 100, "MSH^1"},
        {"MSH|\r", 199, "MSH^1^2"},
        {"MSH|^^\\&|A\r", 199, "MSH^1^2"},
        {"MSH|^~\\\r", 199, "MSH^1^2"},
        {"MSH|^\xcb\x9c\\&|A\r", 199, "MSH^1^2"},
        {"MSHA^~\\&A\r", 199, "MSH^1^2"},
        {msh + std::string("PID|\0\r", 6), 102, ""},
        {msh + "PID|1\rPID|\xe9\r", 102, "PID^2"},
        {msh + "pid|1\r", 100, "MSH^1"},
        {msh + "PID|1\r suite de ligne\r", 100, "PID^1"},
        {msh + "PI\r", 100, "MSH^1"},
        {msh + "PID^1\r", 100, "MSH^1"},
        {msh + msh, 198, "MSH^2"},
        {msh + "PID|1", 199, "PID^1"},
    }));
    CAPTURE(tc.text);
    const auto got = read_message(tc.text);
    REQUIRE_FALSE(got.has_value());
    REQUIRE(got.error().size() == 1);
    CHECK(got.error().front().code == tc.code);
    CHECK(got.error().front().location == tc.location);
}

TEST_CASE("an unfinished last segment is read where the profile allows it", "[hl7][message]")
{
    CHECK(read_message(msh + "PID|1", last_segment::any).has_value());
}

TEST_CASE("limits hold at the limit and not past it", "[hl7][message]")
{
    const std::string text = msh + "PID|1\rPV1|1\r";
    CHECK(read_message(text, last_segment::terminated, {text.size(), 3}).has_value());
    CHECK_FALSE(read_message(text, last_segment::terminated, {text.size() - 1, 3}).has_value());
    CHECK_FALSE(read_message(text, last_segment::terminated, {text.size(), 2}).has_value());
}

TEST_CASE("HL7 is told from other files", "[hl7][peek]")
{
    struct row {
        std::string_view start;
        message_kind kind;
    };
    using enum message_kind;
    const auto tc = GENERATE(values<row>({{"MSH|^~\\&|", hl7},
                                          {"MSH!*", hl7},
                                          {" \r\nMSH|", hl7},
                                          {"", other},
                                          {"MSH", other},
                                          {"MSHELL", other},
                                          {"<?xml", other},
                                          {"%PDF-1.7", other},
                                          {"FHS|^~\\&", other},
                                          {"\x0b", other}}));
    CAPTURE(tc.start);
    CHECK(peek(tc.start) == tc.kind);
}
