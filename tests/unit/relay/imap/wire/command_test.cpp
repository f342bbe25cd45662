#include <catch2/catch.hpp>

#include "relay/imap/wire/command.hpp"
#include "relay/imap/wire/command_reader.hpp"
#include "relay/imap/wire/response.hpp"

using namespace relay::imap;

namespace {
std::string repeat(std::string_view text, std::size_t times)
{
    std::string out;
    while (times-- > 0) out += text;
    return out;
}

const fetch_arguments& fetch_of(const command& asked)
{
    return std::get<fetch_arguments>(asked.arguments);
}
}

TEST_CASE("commands without arguments and their tags", "[imap][wire]")
{
    struct row {
        std::string_view text;
        verb name;
    };
    const auto tc = GENERATE(values<row>({{"a CAPABILITY", verb::capability},
                                          {"A.1 noop", verb::noop},
                                          {"1 Logout", verb::logout},
                                          {"x StartTLS", verb::starttls},
                                          {"x CHECK", verb::check},
                                          {"x CLOSE", verb::close},
                                          {"x EXPUNGE", verb::expunge},
                                          {"x APPEND INBOX whatever {", verb::unsupported},
                                          {"x COPY 1 INBOX", verb::unsupported},
                                          {"x UID COPY 1 INBOX", verb::unsupported},
                                          {"x CREATE a", verb::unsupported},
                                          {"x DELETE a", verb::unsupported},
                                          {"x RENAME a b", verb::unsupported},
                                          {"x SUBSCRIBE a", verb::unsupported},
                                          {"x UNSUBSCRIBE a", verb::unsupported}}));
    CAPTURE(tc.text);
    const auto asked = read_command(tc.text);
    REQUIRE(asked.has_value());
    CHECK(asked->name == tc.name);
    CHECK(asked->tag == tc.text.substr(0, tc.text.find(' ')));
}

TEST_CASE("what is no command is refused, with its tag where there is one", "[imap][wire]")
{
    struct row {
        std::string_view text;
        std::string_view tag;
        syntax_errc code;
    };
    using enum syntax_errc;
    const auto tc = GENERATE(values<row>({
        {"", "", bad_syntax},
        {"a", "", bad_syntax},
        {" NOOP", "", bad_syntax},
        {"+ NOOP", "", bad_syntax},
        {"a+b NOOP", "", bad_syntax},
        {"a ", "a", unknown_command},
        {"a  NOOP", "a", unknown_command},
        {"a NOOPS", "a", unknown_command},
        {"a NOOP ", "a", bad_syntax},
        {"a NOOP x", "a", bad_syntax},
        {"a IDLE", "a", unknown_command},
        {"a UID", "a", unknown_command},
        {"a UID NOOP", "a", unknown_command},
        {"a UID EXPUNGE 1", "a", unknown_command},
        {"a LOGIN", "a", bad_syntax},
        {"a LOGIN u", "a", bad_syntax},
        {"a LOGIN u \"p", "a", bad_syntax},
        {"a LOGIN u \"p\\n\"", "a", bad_syntax},
        {"a LOGIN u p q", "a", bad_syntax},
        {"a LOGIN {9}\r\nabc p", "a", bad_syntax},
        {"a LOGIN {4}\r\nabc", "a", bad_syntax},
        {"a LOGIN {3}\nabc p", "a", bad_syntax},
        {"a LOGIN \"u\rv\" p", "a", bad_syntax},
        {"a AUTHENTICATE", "a", bad_syntax},
        {"a AUTHENTICATE PLAIN ", "a", bad_syntax},
        {"a SELECT", "a", bad_syntax},
        {"a SELECT a*", "a", bad_syntax},
        {"a LIST \"\"", "a", bad_syntax},
        {"a STATUS INBOX ()", "a", bad_syntax},
        {"a STATUS INBOX (SIZE)", "a", bad_syntax},
        {"a STATUS INBOX (MESSAGES", "a", bad_syntax},
        {"a FETCH 1", "a", bad_syntax},
        {"a FETCH 0 FLAGS", "a", bad_syntax},
        {"a FETCH 01 FLAGS", "a", bad_syntax},
        {"a FETCH 4294967296 FLAGS", "a", bad_syntax},
        {"a FETCH 1: FLAGS", "a", bad_syntax},
        {"a FETCH 1,,2 FLAGS", "a", bad_syntax},
        {"a FETCH 1, FLAGS", "a", bad_syntax},
        {"a FETCH -1 FLAGS", "a", bad_syntax},
        {"a FETCH 1 ()", "a", bad_syntax},
        {"a FETCH 1 (ALL)", "a", bad_syntax},
        {"a FETCH 1 (FLAGS", "a", bad_syntax},
        {"a FETCH 1 FLAGS UID", "a", bad_syntax},
        {"a FETCH 1 BODY[", "a", bad_syntax},
        {"a FETCH 1 BODY[0]", "a", bad_syntax},
        {"a FETCH 1 BODY[1.]", "a", bad_syntax},
        {"a FETCH 1 BODY[MIME]", "a", bad_syntax},
        {"a FETCH 1 BODY[HEADER.FIELDS]", "a", bad_syntax},
        {"a FETCH 1 BODY[HEADER.FIELDS ()]", "a", bad_syntax},
        {"a FETCH 1 BODY[HEADER.FIELDS (a b]", "a", bad_syntax},
        {"a FETCH 1 BODY[]<0>", "a", bad_syntax},
        {"a FETCH 1 BODY[]<0.0>", "a", bad_syntax},
        {"a FETCH 1 BODY[]<.1>", "a", bad_syntax},
        {"a FETCH 1 RFC822[]", "a", bad_syntax},
        {"a STORE 1 FLAG (\\Seen)", "a", bad_syntax},
        {"a STORE 1 FLAGS", "a", bad_syntax},
        {"a STORE 1 FLAGS (\\)", "a", bad_syntax},
        {"a STORE 1 FLAGS (\\Seen", "a", bad_syntax},
        {"a STORE 1 *FLAGS (\\Seen)", "a", bad_syntax},
        {"a SEARCH", "a", bad_syntax},
        {"a SEARCH ", "a", bad_syntax},
        {"a SEARCH NOT", "a", bad_syntax},
        {"a SEARCH OR SEEN", "a", bad_syntax},
        {"a SEARCH ()", "a", bad_syntax},
        {"a SEARCH (SEEN", "a", bad_syntax},
        {"a SEARCH SEEN)", "a", bad_syntax},
        {"a SEARCH SINCE 30-Feb-2026", "a", bad_syntax},
        {"a SEARCH SINCE 1-Foo-2026", "a", bad_syntax},
        {"a SEARCH SINCE 1-Feb-26", "a", bad_syntax},
        {"a SEARCH SINCE \"1-Feb-2026", "a", bad_syntax},
        {"a SEARCH LARGER x", "a", bad_syntax},
        {"a SEARCH HEADER \"\" x", "a", bad_syntax},
        {"a SEARCH HEADER Subject", "a", bad_syntax},
        {"a SEARCH CHARSET UTF-8", "a", bad_syntax},
        {"a SEARCH CHARSET UTF-7 ALL", "a", unknown_charset},
        {"a SEARCH YOUNGER 3", "a", bad_syntax},
    }));
    CAPTURE(tc.text);
    const auto asked = read_command(tc.text);
    REQUIRE(asked.has_error());
    CHECK(asked.error().tag == tc.tag);
    CHECK(asked.error().code == tc.code);
    CHECK_FALSE(asked.error().text.empty());
}

TEST_CASE("every cut of a good command is read without harm", "[imap][wire]")
{
    const std::string_view text = "a UID FETCH 1:*,3 (BODY.PEEK[1.2.HEADER.FIELDS (Date \"x\")]<1.2> UID {3}\r\nabc";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) CHECK(read_command(text.substr(0, cut)).has_error());
}

TEST_CASE("LOGIN takes atoms, quoted strings and literals", "[imap][wire]")
{
    const auto tc = GENERATE(values<std::string_view>(
        {"a LOGIN u]x \"p \\\"\\\\\"", "a login {3}\r\nu]x {4}\r\np \"\\", "a LoGiN \"u]x\" {4}\r\np \"\\"}));
    CAPTURE(tc);
    const auto asked = read_command(tc);
    REQUIRE(asked.has_value());
    const auto& given = std::get<login_arguments>(asked->arguments);
    CHECK(given.user == "u]x");
    CHECK(given.password == "p \"\\");
    CHECK(read_command(std::string_view("a LOGIN {3}\r\na\0b p", 20)).has_error());
}

TEST_CASE("INBOX is written in capitals, other names stay", "[imap][wire]")
{
    const auto name = [](std::string_view text) {
        return std::get<mailbox_arguments>(read_command(text)->arguments).mailbox;
    };
    CHECK(name("a SELECT inBox") == "INBOX");
    CHECK(name("a EXAMINE \"inbox\"") == "INBOX");
    CHECK(name("a SELECT &AOk-t&AOk-") == "&AOk-t&AOk-");
    CHECK(name("a SELECT inbox/x") == "inbox/x");
}

TEST_CASE("FETCH items and the names they are answered under", "[imap][wire]")
{
    struct row {
        std::string_view items;
        std::vector<std::string> labels;
    };
    const auto tc = GENERATE(values<row>({
        {"FAST", {"FLAGS", "INTERNALDATE", "RFC822.SIZE"}},
        {"all", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"}},
        {"FULL", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"}},
        {"uid", {"UID"}},
        {"(FLAGS BODYSTRUCTURE body)", {"FLAGS", "BODYSTRUCTURE", "BODY"}},
        {"(RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)", {"RFC822", "RFC822.HEADER", "RFC822.TEXT", "RFC822.SIZE"}},
        {"body.peek[]", {"BODY[]"}},
        {"BODY[]<5.10>", {"BODY[]<5>"}},
        {"BODY[1.2.mime]", {"BODY[1.2.MIME]"}},
        {"BODY[3.header]", {"BODY[3.HEADER]"}},
        {"BODY[12]<0.1>", {"BODY[12]<0>"}},
        {"BODY[text]", {"BODY[TEXT]"}},
        {"BODY[HEADER.FIELDS (Date \"From\" \"a b\")]", {"BODY[HEADER.FIELDS (Date From \"a b\")]"}},
        {"BODY[1.HEADER.FIELDS.NOT (X)]", {"BODY[1.HEADER.FIELDS.NOT (X)]"}},
    }));
    CAPTURE(tc.items);
    const auto asked = read_command("a FETCH 1 " + std::string(tc.items));
    REQUIRE(asked.has_value());
    std::vector<std::string> labels;
    for (const auto& item : fetch_of(*asked).items) labels.push_back(item.label);
    CHECK(labels == tc.labels);
}

TEST_CASE("only BODY[], RFC822 and RFC822.TEXT set the Seen flag", "[imap][wire]")
{
    const auto effect = [](std::string_view item) {
        return fetch_of(*read_command("a FETCH 1 " + std::string(item))).items.front().effect;
    };
    for (const auto* item : {"BODY[]", "BODY[HEADER]", "BODY[1]", "RFC822", "RFC822.TEXT"})
        CHECK(effect(item) == fetch_effect::sets_seen);
    for (const auto* item : {"BODY.PEEK[]", "RFC822.HEADER", "BODY", "FLAGS"})
        CHECK(effect(item) == fetch_effect::peek);
}

TEST_CASE("sequence sets", "[imap][wire]")
{
    const auto asked = read_command("a UID FETCH 4294967295,*:4,2:3,* UID");
    REQUIRE(asked.has_value());
    CHECK(asked->by == addressing::uids);
    const auto& set = fetch_of(*asked).messages;
    REQUIRE(set.size() == 4);
    CHECK(set[0].first == 4294967295U);
    CHECK(set[0].last == 4294967295U);
    CHECK_FALSE(set[1].first.has_value());
    CHECK(set[1].last == 4U);
    CHECK(set[2].last == 3U);
    CHECK_FALSE(set[3].last.has_value());
}

TEST_CASE("STORE", "[imap][wire]")
{
    const auto store = [](std::string_view text) { return std::get<store_arguments>(read_command(text)->arguments); };
    CHECK(store("a STORE 1 FLAGS ()").flags.empty());
    CHECK(store("a STORE 1 +FLAGS \\Seen $Forwarded").flags == std::vector<std::string>{"\\Seen", "$Forwarded"});
    CHECK(store("a STORE 1 +FLAGS \\Seen").operation == store_operation::add);
    CHECK(store("a STORE 1 -flags.silent (\\Seen)").operation == store_operation::remove);
    CHECK(store("a STORE 1 -flags.silent (\\Seen)").reply == store_reply::silent);
}

TEST_CASE("SEARCH keys make a tree", "[imap][wire]")
{
    const auto asked = read_command(
        "a SEARCH CHARSET utf-8 OR (UNSEEN SINCE \"1-Feb-2026\") NOT HEADER X-A {2}\r\nb) 1:3 UID 5 LARGER 10 SUBJECT "
        "x OLD NEW KEYWORD k");
    REQUIRE(asked.has_value());
    const auto& key = std::get<search_arguments>(asked->arguments).key;
    REQUIRE(key.kind == search_kind::all_of);
    REQUIRE(key.children.size() == 8);
    const auto& either = key.children[0];
    REQUIRE(either.kind == search_kind::any_of);
    REQUIRE(either.children.size() == 2);
    CHECK(either.children[0].children[0].kind == search_kind::flag_absent);
    CHECK(either.children[0].children[0].name == "\\Seen");
    CHECK(either.children[0].children[1].date == std::chrono::year_month_day(std::chrono::year(2026) / 2 / 1));
    CHECK(either.children[1].kind == search_kind::negation);
    CHECK(either.children[1].children[0].name == "X-A");
    CHECK(either.children[1].children[0].text == "b)");
    CHECK(key.children[1].kind == search_kind::sequence);
    CHECK(key.children[2].kind == search_kind::uid);
    CHECK(key.children[3].octets == 10);
    CHECK(key.children[4].name == "Subject");
    CHECK(key.children[5].kind == search_kind::all);
    CHECK(key.children[6].kind == search_kind::none);
    CHECK(key.children[7].kind == search_kind::none);
}

TEST_CASE("limits of a command hold at the limit and one past it", "[imap][wire]")
{
    const command_limits limits;
    const auto code = [&limits](const std::string& text) {
        const auto asked = read_command(text, limits);
        return asked.has_value() ? std::optional<syntax_errc>() : asked.error().code;
    };
    CHECK_FALSE(code("a SEARCH " + repeat("NOT ", limits.max_search_depth - 1) + "SEEN"));
    CHECK(code("a SEARCH " + repeat("NOT ", limits.max_search_depth) + "SEEN") == syntax_errc::too_complex);
    CHECK_FALSE(code("a SEARCH " + repeat("(", limits.max_search_depth - 1) + "SEEN" +
                     repeat(")", limits.max_search_depth - 1)));
    CHECK(code("a SEARCH " + repeat("(", limits.max_search_depth) + "SEEN") == syntax_errc::too_complex);
    CHECK_FALSE(code("a SEARCH SEEN" + repeat(" SEEN", limits.max_search_keys - 1)));
    CHECK(code("a SEARCH SEEN" + repeat(" SEEN", limits.max_search_keys)) == syntax_errc::too_complex);
    CHECK_FALSE(code("a FETCH 1 (UID" + repeat(" UID", limits.max_fetch_items - 1) + ")"));
    CHECK(code("a FETCH 1 (UID" + repeat(" UID", limits.max_fetch_items) + ")") == syntax_errc::too_complex);
    CHECK_FALSE(code("a FETCH 1 BODY[HEADER.FIELDS (a" + repeat(" a", limits.max_header_fields - 1) + ")]"));
    CHECK(code("a FETCH 1 BODY[HEADER.FIELDS (a" + repeat(" a", limits.max_header_fields) + ")]") ==
          syntax_errc::too_complex);
    CHECK_FALSE(code("a FETCH 1 BODY[1" + repeat(".1", limits.max_part_depth - 1) + "]"));
    CHECK(code("a FETCH 1 BODY[1" + repeat(".1", limits.max_part_depth) + "]") == syntax_errc::too_complex);
}

TEST_CASE("the reader cuts commands out of the stream, however it was chopped", "[imap][wire]")
{
    const std::string wire = "a LOGIN {3}\r\nu\r\n {0}\r\n\r\nb NOOP\r\n";
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        CAPTURE(cut);
        command_reader reader;
        std::vector<std::string> commands;
        std::size_t literals = 0;
        for (const auto& part : {wire.substr(0, cut), wire.substr(cut)}) {
            reader.feed(part);
            for (auto found = reader.next(); found != frame::need_more; found = reader.next()) {
                if (found == frame::literal) {
                    ++literals;
                    reader.accept_literal();
                } else {
                    REQUIRE(found == frame::command);
                    commands.push_back(reader.take_command());
                }
            }
        }
        CHECK(literals == 2);
        CHECK(commands == std::vector<std::string>{"a LOGIN {3}\r\nu\r\n {0}\r\n", "b NOOP"});
        CHECK_FALSE(reader.has_unread());
    }
}

TEST_CASE("limits of the reader hold at the limit and one past it", "[imap][wire]")
{
    const reader_limits limits{20, 8, 36};
    const auto first = [&limits](const std::string& wire) {
        command_reader reader(limits);
        reader.feed(wire);
        return reader.next();
    };
    CHECK(first(std::string(20, 'x') + "\r\n") == frame::command);
    CHECK(first(std::string(20, 'x') + "\r") == frame::need_more);
    CHECK(first(std::string(20, 'x')) == frame::need_more);
    CHECK(first(std::string(21, 'x')) == frame::too_long);
    CHECK(first(std::string(21, 'x') + "\r\n") == frame::too_long);
    CHECK(first("a x {8}\r\n") == frame::literal);
    CHECK(first("a x {9}\r\n") == frame::literal_too_long);
    CHECK(first("a {99999999999}\r\n") == frame::literal_too_long);
    CHECK(first("a x {1+}\r\n") == frame::literal_unasked);
    CHECK(first("a x {99999999999+}\r\n") == frame::literal_unasked);
    CHECK(first("a \"{x}\r\n") == frame::command);
    const auto second = [&limits](const std::string& rest) {
        command_reader reader(limits);
        reader.feed("a x {8}\r\n12345678" + rest);
        REQUIRE(reader.next() == frame::literal);
        reader.accept_literal();
        return reader.next();
    };
    CHECK(second(std::string(19, 'x') + "\r\n") == frame::command);  // 36 octets in all
    CHECK(second(std::string(20, 'x') + "\r\n") == frame::too_long);
    CHECK(second(" {8}\r\n") == frame::literal);  // 31 octets would be there before the next line
    CHECK(second("xxxx {8}\r\n") == frame::literal);
    CHECK(second("xxxxx {8}\r\n") == frame::literal);
    CHECK(second("xxxxxx {8}\r\n") == frame::literal_too_long);
}

TEST_CASE("strings are quoted where they can be, else literals", "[imap][wire]")
{
    const auto written = [](std::string_view value) {
        std::string out;
        append_string(out, value);
        return out;
    };
    CHECK(written("") == "\"\"");
    CHECK(written("a\"b\\") == "\"a\\\"b\\\\\"");
    CHECK(written("a\r\nb") == "{4}\r\na\r\nb");
    CHECK(written("\xc3\xa9") == "{2}\r\n\xc3\xa9");
    CHECK(written(std::string(1024, 'a')).front() == '"');
    CHECK(written(std::string(1025, 'a')).front() == '{');
    std::string out;
    append_astring(out, "INBOX");
    append_astring(out, "a b");
    append_astring(out, "");
    CHECK(out == "INBOX\"a b\"\"\"");
}

TEST_CASE("internal dates are UTC with two-digit days", "[imap][wire]")
{
    std::string out;
    append_internal_date(out, relay::base::instant{std::chrono::milliseconds{1769905805999}});
    CHECK(out == "\"01-Feb-2026 00:30:05 +0000\"");
}
