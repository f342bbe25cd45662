#include <catch2/catch.hpp>

#include "relay/imap/mailbox/content.hpp"
#include "relay/imap/mailbox/flags.hpp"
#include "relay/imap/mailbox/list_pattern.hpp"
#include "relay/imap/mailbox/message_list.hpp"
#include "relay/imap/mailbox/search.hpp"

using namespace relay::imap;
namespace ports = relay::pipeline::ports;

namespace {
message_list list_of(std::vector<std::uint32_t> uids)
{
    ports::mailbox_snapshot snapshot;
    for (const auto uid : uids) {
        ports::message_row row;
        row.uid = uid;
        row.modseq = 1;
        snapshot.messages.push_back(row);
    }
    return message_list(std::move(snapshot));
}

sequence_set set_of(std::string_view text)
{
    const auto asked = read_command("a FETCH " + std::string(text) + " UID");
    REQUIRE(asked.has_value());
    return std::get<fetch_arguments>(asked->arguments).messages;
}

using places = std::vector<std::size_t>;

struct fixed_text final : message_text {
    explicit fixed_text(std::string_view all) : message(all) {}
    relay::result<std::string_view> header() override
    {
        ++loads;
        return message.substr(0, message.find("\r\n\r\n") + 4);
    }
    relay::result<std::string_view> whole() override
    {
        ++loads;
        return message;
    }
    std::string_view message;
    int loads = 0;
};
}

TEST_CASE("sequence numbers resolve to places", "[imap][mailbox]")
{
    struct row {
        std::string_view set;
        std::optional<places> found;
    };
    const auto tc = GENERATE(values<row>({{"1", places{0}},
                                          {"3,1:2,2", places{0, 1, 2}},
                                          {"3:1", places{0, 1, 2}},
                                          {"*", places{2}},
                                          {"2:*", places{1, 2}},
                                          {"9:*", places{2}},
                                          {"4", std::nullopt},
                                          {"1:4", std::nullopt}}));
    CAPTURE(tc.set);
    const auto list = list_of({5, 7, 9});
    CHECK(list.resolve(set_of(tc.set), addressing::sequence_numbers, numbers_beyond::refused) == tc.found);
}

TEST_CASE("UIDs resolve to places, unknown ones to nothing", "[imap][mailbox]")
{
    const auto list = list_of({5, 7, 9});
    const auto resolve = [&list](std::string_view set) {
        return list.resolve(set_of(set), addressing::uids, numbers_beyond::refused).value();
    };
    CHECK(resolve("1:4") == places{});
    CHECK(resolve("1:5,9") == places{0, 2});
    CHECK(resolve("6:8") == places{1});
    CHECK(resolve("4294967295:*") == places{2});
    CHECK(resolve("1:4294967295") == places{0, 1, 2});
    const auto empty = list_of({});
    CHECK(empty.resolve(set_of("1:*"), addressing::sequence_numbers, numbers_beyond::refused) == places{});
    CHECK(empty.resolve(set_of("1:*"), addressing::uids, numbers_beyond::refused) == places{});
    CHECK_FALSE(empty.resolve(set_of("1"), addressing::sequence_numbers, numbers_beyond::refused));
}

TEST_CASE("removals keep their numbers until they may be told", "[imap][mailbox]")
{
    auto list = list_of({5, 7, 9});
    ports::mailbox_changes changes;
    changes.highest_modseq = 4;
    changes.expunged = {5, 6, 9};
    ports::message_row fresh;
    fresh.uid = 11;
    fresh.modseq = 3;
    changes.changed = {fresh};
    auto told = list.apply(changes, expunge_reports::withheld);
    CHECK(told.expunged.empty());
    CHECK(told.exists == 4);
    CHECK(list.at(0).uid == 5);
    told = list.apply({4, 12, {}, {}}, expunge_reports::allowed);
    CHECK(told.expunged == std::vector<std::uint32_t>{1, 2});
    CHECK_FALSE(told.exists);
    CHECK(list.size() == 2);
    CHECK(list.at(0).uid == 7);
    CHECK(list.highest_modseq() == 4);
}

TEST_CASE("our own flag change is not told twice", "[imap][mailbox]")
{
    auto list = list_of({5, 7});
    ports::message_row ours = list.at(1);
    ours.modseq = 8;
    list.update(ours);
    ports::message_row other = list.at(0);
    other.modseq = 9;
    CHECK(list.apply({9, 8, {other, ours}, {}}, expunge_reports::allowed).changed == places{0});
}

TEST_CASE("list patterns", "[imap][mailbox]")
{
    struct row {
        std::string_view pattern;
        std::string_view name;
        bool matches;
    };
    const auto tc = GENERATE(values<row>({{"*", "INBOX", true},
                                          {"%", "INBOX", true},
                                          {"%", "a/b", false},
                                          {"*", "a/b", true},
                                          {"a/%", "a/b", true},
                                          {"IN*X", "INBOX", true},
                                          {"INBOX", "INBOX", true},
                                          {"inbox", "INBOX", false},
                                          {"INBOX%", "INBOX", true},
                                          {"INBOX/%", "INBOX", false},
                                          {"*%*%*x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
                                          {"", "a", false}}));
    CAPTURE(tc.pattern, tc.name);
    CHECK(matches_list_pattern(tc.pattern, tc.name) == tc.matches);
}

TEST_CASE("flags that are not kept are left out", "[imap][mailbox]")
{
    std::string out;
    append_flags(out, read_flags({"\\seen", "\\FLAGGED", "$Forwarded", "\\Recent"}));
    CHECK(out == "(\\Flagged \\Seen)");
    out.clear();
    append_flags(out, {});
    CHECK(out == "()");
}

TEST_CASE("SEARCH keys against one message", "[imap][mailbox]")
{
    struct row {
        std::string_view keys;
        bool matches;
        int loads;
    };
    const auto tc = GENERATE(values<row>({
        {"ALL", true, 0},
        {"SEEN", true, 0},
        {"UNSEEN", false, 0},
        {"NOT UNSEEN", true, 0},
        {"NEW", false, 0},
        {"OLD", true, 0},
        {"RECENT", false, 0},
        {"KEYWORD x", false, 0},
        {"UNKEYWORD x", true, 0},
        {"2", true, 0},
        {"1", false, 0},
        {"1:*", true, 0},
        {"UID 7", true, 0},
        {"UID 5", false, 0},
        {"LARGER 99", true, 0},
        {"LARGER 100", false, 0},
        {"SMALLER 101", true, 0},
        {"SMALLER 100", false, 0},
        {"ON 1-Jan-2026", true, 0},
        {"SINCE 1-Jan-2026", true, 0},
        {"BEFORE 1-Jan-2026", false, 0},
        {"BEFORE 2-Jan-2026", true, 0},
        {"SENTON 31-Jan-2026", true, 1},  // as the sender wrote it: in UTC it is 1 February
        {"SENTSINCE 1-Feb-2026", false, 1},
        {"SENTBEFORE 1-Feb-2026", true, 1},
        {"SUBJECT \"LETTRE d\"", true, 1},
        {"SUBJECT {5}\r\n\xc3\xa9t\xc3\xa9", false, 1},
        {"SUBJECT {7}\r\nsant\xc3\xa9 ", false, 1},
        {"SUBJECT {6}\r\nsant\xc3\xa9", true, 1},
        {"FROM service@", true, 1},
        {"CC x", false, 1},
        {"HEADER Message-ID \"\"", true, 1},
        {"HEADER X-Nothing \"\"", false, 1},
        {"BODY bonjour", true, 1},
        {"BODY Lettre", false, 1},
        {"TEXT Lettre", true, 1},
        {"OR SEEN TEXT x", true, 0},
        {"TEXT x UNSEEN", false, 0},
        {"OR TEXT zzz UNSEEN", false, 1},
    }));
    CAPTURE(tc.keys);
    const auto list = list_of({5, 7});
    const auto asked = read_command("a SEARCH " + std::string(tc.keys));
    REQUIRE(asked.has_value());
    auto key = std::get<search_arguments>(asked->arguments).key;
    prepare_search(key, list);
    ports::message_row message = list.at(1);
    message.flags.add(ports::message_flag::seen);
    message.size_octets = 100;
    message.internal_date = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + std::chrono::hours(23);
    fixed_text text(
        "From: Service <service@hopital.test>\r\nSubject: Lettre\r\n de =?utf-8?q?sant=C3=A9?=\r\n"
        "Date: Sat, 31 Jan 2026 23:30:00 -0200\r\nMessage-ID: <1@a.test>\r\n\r\nBonjour\r\n");
    const auto found = matches(key, message, 2, text);
    REQUIRE(found.has_value());
    CHECK(*found == tc.matches);
    CHECK(text.loads == tc.loads);
}

TEST_CASE("sections of the message itself need no map", "[imap][mailbox]")
{
    const std::string message = "A: 1\r\nB: 2\r\n\r\nbody\r\n";
    const auto find = [&message](section what, std::string_view header = {}) {
        const auto found = find_content(what, {message, header, {}});
        return found ? std::string(found->bytes()) : "NIL";
    };
    CHECK(find({}) == message);
    CHECK(find({{}, section_text::header, {}}) == "A: 1\r\nB: 2\r\n\r\n");
    CHECK(find({{}, section_text::text, {}}) == "body\r\n");
    CHECK(find({{}, section_text::header_fields, {"b"}}) == "B: 2\r\n\r\n");
    CHECK(find({{}, section_text::header_fields_not, {"b"}}) == "A: 1\r\n\r\n");
    CHECK(find({{}, section_text::header_fields, {"c"}}) == "\r\n");
    CHECK(find({{}, section_text::header, {}}, "A: 1\r\n\r\n") == "A: 1\r\n\r\n");
    CHECK(find({{1}, section_text::all, {}}) == "NIL");
}

TEST_CASE("parts are found through the map made at delivery", "[imap][mailbox]")
{
    const std::string message =
        "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x\r\nContent-Type: "
        "text/html\r\n\r\ntwo\r\n--x--\r\n";
    const std::string map = mime::message::make_imap_view(message).sections.write_text();
    const auto find = [&](section what) {
        const auto found = find_content(what, {message, {}, map});
        return found ? std::string(found->bytes()) : "NIL";
    };
    CHECK(find({{1}, section_text::all, {}}) == "one");
    CHECK(find({{2}, section_text::all, {}}) == "two");
    CHECK(find({{2}, section_text::mime, {}}) == "Content-Type: text/html\r\n\r\n");
    CHECK(find({{3}, section_text::all, {}}) == "NIL");
    CHECK(find({{2}, section_text::header, {}}) == "NIL");
}
