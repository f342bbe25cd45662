#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "relay/smtp/wire/command.hpp"
#include "relay/smtp/wire/mail_data.hpp"
#include "relay/smtp/wire/reply.hpp"

using namespace relay::smtp;

TEST_CASE("a reply reads the same however it is cut", "[smtp][wire]")
{
    struct row {
        std::string_view wire;
        int code;
        std::size_t lines;
    };
    const auto tc = GENERATE(values<row>({{"250 ok\r\n", 250, 1},
                                          {"250-a\r\n250 b\r\n", 250, 2},
                                          {"250\r\n", 250, 1},
                                          {"354 \r\n", 354, 1},
                                          {"550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 box\r\n", 550, 3}}));
    for (std::size_t cut = 0; cut <= tc.wire.size(); ++cut) {
        CAPTURE(tc.wire, cut);
        reply_reader reader;
        for (const auto part : {tc.wire.substr(0, cut), tc.wire.substr(cut)}) CHECK(reader.feed(part).has_value());
        REQUIRE(reader.complete());
        CHECK(reader.reply().code == tc.code);
        CHECK(reader.reply().lines.size() == tc.lines);
    }
}

TEST_CASE("what is not a reply is refused", "[smtp][wire]")
{
    const auto wire =
        GENERATE(as<std::string>(), "25 ok\r\n", "2500 ok\r\n", "600 x\r\n", "199 x\r\n", "250_x\r\n", "\r\n",
                 "250-a\r\n251 b\r\n", "250 a\n", "250 a\rb\r\n", std::string("250 a\0b\r\n", 9), "HTTP/1.1\r\n");
    CAPTURE(wire);
    reply_reader reader;
    CHECK(reader.feed(wire).has_error());
}

TEST_CASE("reply limits hold at the limit and refuse one past it", "[smtp][wire]")
{
    const reply_limits limits{.max_line_octets = 10, .max_lines = 2};
    CHECK(reply_reader(limits).feed("250 6789\r\n").has_value());
    CHECK(reply_reader(limits).feed("250 67890\r\n").error() == wire_errc::line_too_long);
    CHECK(reply_reader(limits).feed("01234567890").error() == wire_errc::line_too_long);
    CHECK(reply_reader(limits).feed("250-a\r\n250 b\r\n").has_value());
    CHECK(reply_reader(limits).feed("250-a\r\n250-b\r\n250 c\r\n").error() == wire_errc::too_many_lines);
}

TEST_CASE("replies to a pipeline come out one by one", "[smtp][wire]")
{
    reply_reader reader;
    const std::string_view wire = "250 2.1.0 a\r\n550 5.1.1 b\r\n";
    const auto first = reader.feed(wire);
    REQUIRE(first.has_value());
    CHECK(*first == 13);
    CHECK(reader.take().enhanced() == enhanced_status{2, 1, 0});
    CHECK(reader.idle());
    REQUIRE(reader.feed(wire.substr(*first)).has_value());
    const reply second = reader.take();
    CHECK(second.code == 550);
    CHECK(second.enhanced() == enhanced_status{5, 1, 1});
    CHECK(second.text().reveal() == "5.1.1 b");
    CHECK_FALSE(reply{250, {"5.1.1 contradicts its code"}}.enhanced().has_value());
    CHECK(reply{250, {"a\x01\xe9"}}.text().reveal() == "a??");
    CHECK(reply{250, {std::string(3000, 'x')}}.text().reveal().size() == 1000);
}

TEST_CASE("commands are known in any case", "[smtp][wire]")
{
    const auto read = read_command("mAiL  FROM:<> \t");
    REQUIRE(read.has_value());
    CHECK(read->verb == verb::mail);
    CHECK(read->argument == "FROM:<>");
    CHECK(read_command("QUIT")->argument.empty());
    CHECK(read_command("").error() == wire_errc::unknown_command);
    CHECK(read_command("MAILX").error() == wire_errc::unknown_command);
    CHECK(read_command("MAIL\tFROM:<>").error() == wire_errc::unknown_command);
}

TEST_CASE("MAIL is read and written back unchanged", "[smtp][wire]")
{
    struct row {
        std::string argument;
        mail_arguments expected;
    };
    const auto tc = GENERATE(values<row>({
        {"FROM:<>", {}},
        {"FROM:<a.b@x.test>", {"a.b@x.test", {}, {}, {}, {}}},
        {"FROM:<a@x.test> SIZE=12", {"a@x.test", 12, {}, {}, {}}},
        {"FROM:<a@x.test> SIZE=0 BODY=7BIT RET=HDRS ENVID=a+2Bb",
         {"a@x.test", 0, body_type::seven_bit, return_content::headers, "a+b"}},
        {"FROM:<\"a b>@\\\"\"@x.test> BODY=8BITMIME RET=FULL",
         {"\"a b>@\\\"\"@x.test", {}, body_type::eight_bit_mime, return_content::full, {}}},
        {"FROM:<a@[192.0.2.1]>", {"a@[192.0.2.1]", {}, {}, {}, {}}},
    }));
    CAPTURE(tc.argument);
    const auto read = read_mail_arguments(tc.argument);
    REQUIRE(read.has_value());
    CHECK(*read == tc.expected);
    const auto written = write_mail(*read);
    REQUIRE(written.has_value());
    CHECK(*written == "MAIL " + tc.argument + "\r\n");
}

TEST_CASE("MAIL tolerances", "[smtp][wire]")
{
    CHECK(read_mail_arguments("from: <@r.test,@s.test:a@x.test>  size=5 ")->reverse_path == "a@x.test");
    CHECK(read_mail_arguments("from: <a@x.test> size=5")->size_octets == 5U);
}

TEST_CASE("bad MAIL arguments have their own error", "[smtp][wire]")
{
    struct row {
        std::string argument;
        wire_errc expected;
    };
    const auto tc = GENERATE(values<row>({
        {"", wire_errc::bad_syntax},
        {"TO:<a@x.test>", wire_errc::bad_syntax},
        {"FROM:", wire_errc::bad_path},
        {"FROM:a@x.test", wire_errc::bad_path},
        {"FROM:<a@x.test", wire_errc::bad_path},
        {"FROM:<a>", wire_errc::bad_path},
        {"FROM:<@x.test>", wire_errc::bad_path},
        {"FROM:<@x.test:>", wire_errc::bad_path},
        {"FROM:<.a@x.test>", wire_errc::bad_path},
        {"FROM:<a..b@x.test>", wire_errc::bad_path},
        {"FROM:<a@x..test>", wire_errc::bad_path},
        {"FROM:<a@-x.test>", wire_errc::bad_path},
        {"FROM:<a@x_y.test>", wire_errc::bad_path},
        {"FROM:<a b@x.test>", wire_errc::bad_path},
        {"FROM:<\xc3\xa9@x.test>", wire_errc::bad_path},
        {"FROM:<" + std::string(65, 'a') + "@x.test>", wire_errc::bad_path},
        {"FROM:<a@" + std::string(64, 'b') + ">", wire_errc::bad_path},
        {"FROM:<>SIZE=1", wire_errc::bad_syntax},
        {"FROM:<> SIZE=", wire_errc::bad_parameter},
        {"FROM:<> SIZE=-1", wire_errc::bad_parameter},
        {"FROM:<> SIZE=1 SIZE=1", wire_errc::bad_parameter},
        {"FROM:<> SIZE=1234567890123456789", wire_errc::bad_parameter},
        {"FROM:<> BODY=BINARYMIME", wire_errc::bad_parameter},
        {"FROM:<> RET=ALL", wire_errc::bad_parameter},
        {"FROM:<> ENVID=", wire_errc::bad_parameter},
        {"FROM:<> ENVID=+0A", wire_errc::bad_parameter},
        {"FROM:<> ENVID=" + std::string(101, 'e'), wire_errc::bad_parameter},
        {"FROM:<> AUTHX=<>", wire_errc::unknown_parameter},
        {"FROM:<> AUTH=", wire_errc::bad_parameter},
        {"FROM:<> AUTH=<> AUTH=<>", wire_errc::bad_parameter},
        {"FROM:<> =x", wire_errc::bad_syntax},
    }));
    CAPTURE(tc.argument);
    const auto read = read_mail_arguments(tc.argument);
    REQUIRE(read.has_error());
    CHECK(read.error() == tc.expected);
}

TEST_CASE("path and parameter limits hold at the limit", "[smtp][wire]")
{
    CHECK(read_mail_arguments("FROM:<" + std::string(64, 'a') + "@x.test>").has_value());
    CHECK(read_mail_arguments("FROM:<a@" + std::string(63, 'b') + ">").has_value());
    CHECK(read_mail_arguments("FROM:<> ENVID=" + std::string(100, 'e')).has_value());
    CHECK(read_rcpt_arguments("TO:<a@x> ORCPT=rfc822;" + std::string(493, 'e')).has_value());
    CHECK(read_rcpt_arguments("TO:<a@x> ORCPT=rfc822;" + std::string(494, 'e')).has_error());
    const std::string label = std::string(59, 'b') + ".";
    const std::string path254 = "a@" + label + label + label + label + std::string(12, 'c');
    REQUIRE(path254.size() == 254);
    CHECK(read_mail_arguments("FROM:<" + path254 + ">").has_value());
    CHECK(read_mail_arguments("FROM:<" + path254 + "c>").error() == wire_errc::bad_path);
}

TEST_CASE("RCPT is read and written back unchanged", "[smtp][wire]")
{
    struct row {
        std::string argument;
        rcpt_arguments expected;
    };
    const auto tc = GENERATE(values<row>({
        {"TO:<postmaster>", {"postmaster", {}, {}}},
        {"TO:<a@x.test>", {"a@x.test", {}, {}}},
        {"TO:<a@x.test> NOTIFY=NEVER", {"a@x.test", {.never = true}, {}}},
        {"TO:<a@x.test> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb@x.test",
         {"a@x.test", {.success = true, .failure = true, .delay = true}, "rfc822;a+b@x.test"}},
    }));
    CAPTURE(tc.argument);
    const auto read = read_rcpt_arguments(tc.argument);
    REQUIRE(read.has_value());
    CHECK(*read == tc.expected);
    CHECK(*write_rcpt(*read) == "RCPT " + tc.argument + "\r\n");
}

TEST_CASE("bad RCPT arguments are refused", "[smtp][wire]")
{
    const auto argument =
        GENERATE(as<std::string>(), "TO:<>", "FROM:<a@x.test>", "TO:<a>",
                 "TO:<a@x> NOTIFY=", "TO:<a@x> NOTIFY=NEVER,SUCCESS", "TO:<a@x> NOTIFY=SUCCESS,SUCCESS",
                 "TO:<a@x> NOTIFY=SUCCESS,", "TO:<a@x> NOTIFY=DELAY NOTIFY=DELAY", "TO:<a@x> ORCPT=a@x",
                 "TO:<a@x> ORCPT=;a", "TO:<a@x> ORCPT=rfc822;", "TO:<a@x> ORCPT=rfc822;+0D", "TO:<a@x> X=1");
    CAPTURE(argument);
    CHECK(read_rcpt_arguments(argument).has_error());
}

TEST_CASE("no line end ever gets into a command", "[smtp][wire]")
{
    CHECK(write_mail({.reverse_path = "a@x.test>\r\nRCPT TO:<b@x.test"}).has_error());
    CHECK(write_mail({.reverse_path = "a@x.test", .envid = "a\r\nb"}).has_error());
    // Written for peers that offer it; read, it is refused.
    CHECK(*write_mail({.reverse_path = "a@x.test", .size_octets = 9, .body = body_type::binary_mime}) ==
          "MAIL FROM:<a@x.test> SIZE=9 BODY=BINARYMIME\r\n");
    CHECK(write_rcpt({.address = "a@x\r\n"}).has_error());
    CHECK(write_rcpt({.address = "a@x", .orcpt = "rfc822;a\nb"}).has_error());
    CHECK(write_rcpt({.address = "a@x", .notify = {.never = true, .delay = true}}).has_error());
}

TEST_CASE("a mail comes out of dots and back unchanged however it is cut", "[smtp][wire]")
{
    const auto mail =
        GENERATE(as<std::string>(), "", "a\r\n", ".\r\n", "..\r\n.\r\n", "a\r\n.b\r\n\r\n..\r\n", "\r\n.\r\n", ".");
    std::string wire;
    dot_writer writer(mail);
    while (!writer.is_last()) wire += writer.next();
    CHECK(writer.next().empty());
    CHECK(wire.substr(wire.size() - 3) == ".\r\n");
    const std::string whole = mail == "." ? ".\r\n" : mail;
    wire += "QUIT\r\n";
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        CAPTURE(mail, wire, cut);
        dot_reader reader;
        std::size_t taken = reader.feed(std::string_view(wire).substr(0, cut));
        taken += reader.feed(std::string_view(wire).substr(taken));
        REQUIRE(reader.complete());
        CHECK(taken == wire.size() - 6);
        CHECK(reader.octets() == whole.size());
        CHECK_FALSE(reader.fault().has_value());
        CHECK(reader.take() == whole);
    }
}

TEST_CASE("only CRLF.CRLF ends a mail", "[smtp][wire]")
{
    struct row {
        std::string wire;
        data_fault fault;
    };
    const auto tc = GENERATE(values<row>({{"a\n.\nb\r\n", data_fault::bare_line_end},
                                          {"a\n.\r\nb\r\n", data_fault::bare_line_end},
                                          {"a\r\n.\nb\r\n", data_fault::bare_line_end},
                                          {"a\r.\r\nb\r\n", data_fault::bare_line_end},
                                          {"a\r\n.\rb\r\n", data_fault::bare_line_end},
                                          {"a\r\n.\r\r\n", data_fault::bare_line_end},
                                          {"a\r\r\n", data_fault::bare_line_end},
                                          {std::string("a\0b\r\n", 5), data_fault::nul}}));
    const std::string wire = tc.wire + ".\r\n";
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        CAPTURE(wire, cut);
        dot_reader reader;
        const std::size_t taken = reader.feed(std::string_view(wire).substr(0, cut));
        CHECK((cut == wire.size() || !reader.complete()));
        CHECK(taken + reader.feed(std::string_view(wire).substr(taken)) == wire.size());
        CHECK(reader.complete());
        CHECK(reader.fault() == tc.fault);
        CHECK(reader.take().empty());
    }
}

TEST_CASE("data limits hold at the limit and refuse one past it", "[smtp][wire]")
{
    const data_limits limits{.max_message_octets = 20, .max_line_octets = 10};
    dot_reader fits(limits);
    fits.feed("12345678\r\n..2345678\r\n.\r\n");
    CHECK(fits.complete());
    CHECK_FALSE(fits.fault().has_value());
    CHECK(fits.take().size() == 20);
    dot_reader line(limits);
    line.feed("123456789\r\n.\r\n");
    CHECK(line.fault() == data_fault::line_too_long);
    dot_reader size(limits);
    size.feed("12345678\r\n12345678\r\n\r\n.\r\n");
    CHECK(size.complete());
    CHECK(size.fault() == data_fault::too_big);
    CHECK(size.octets() == 22);
}

TEST_CASE("mail with bare CR, LF or NUL may not be sent", "[smtp][wire]")
{
    CHECK(has_only_whole_lines(""));
    CHECK(has_only_whole_lines("a\r\n\r\nb"));
    for (const auto& bad :
         {std::string("a\n"), std::string("a\rb"), std::string("a\r\r\n"), std::string("a\r"), std::string("\0", 1)}) {
        CHECK_FALSE(has_only_whole_lines(bad));
    }
}

TEST_CASE("host arguments", "[smtp][wire]")
{
    for (const auto* good : {"relay.hopital.test", "x", "[192.0.2.1]", "[IPv6:2001:db8::1]", "my_host.test"})
        CHECK(is_host_argument(good));
    for (const auto* bad : {"", "a b", "a(b)", "-a", "a-", "[x", "a..b", "a\r\n"}) CHECK_FALSE(is_host_argument(bad));
}

TEST_CASE("chunk arguments", "[smtp][wire]")
{
    struct row {
        std::string_view argument;
        std::uint64_t octets;
        bool last;
    };
    for (const row& tc : {row{"0", 0, false}, row{"86400", 86400, false}, row{"0 LAST", 0, true},
                          row{"12  last", 12, true}, row{"999999999999999999", 999'999'999'999'999'999, false}}) {
        CAPTURE(tc.argument);
        const auto read = read_chunk_arguments(tc.argument);
        REQUIRE(read.has_value());
        CHECK(read->octets == tc.octets);
        CHECK((read->place == chunk_arguments::place::last) == tc.last);
    }
    for (const auto* bad : {"", "LAST", "x", "-1", "+1", "1LAST", "1 LASTS", "1 LAST LAST", "1 2", "1.5", "0x10",
                            "9999999999999999999"}) {
        CAPTURE(bad);
        CHECK(read_chunk_arguments(bad).has_error());
    }
}
