#include "mime/message/header.hpp"
#include "mime/message/address.hpp"
#include "mime/message/date.hpp"

#include <catch2/catch.hpp>

using namespace mime::message;
using namespace std::chrono;

TEST_CASE("header fields are found whatever their case and folding", "[message][header]")
{
    const std::string mail =
        "From: a@b.fr\r\nSUBJECT : one\r\n two\r\n\tthree\r\nno colon here\r\nX-A: 1\r\nx-a: 2\r\n\r\nX-A: 3\r\n";
    const auto header = header_view::read(mail);
    REQUIRE(header.has_value());
    CHECK(header->fields().size() == 4);
    CHECK(header->find("subject") == "one two\tthree");
    CHECK(header->find_all("X-A") == std::vector<std::string>{"1", "2"});
    CHECK_FALSE(header->find("To").has_value());
    CHECK(mail.substr(header->octets()) == "X-A: 3\r\n");
    for (std::size_t cut = 0; cut <= mail.size(); ++cut)
        CHECK(header_view::read(std::string(mail, 0, cut)).has_value());
    header_limits limits;
    limits.max_fields = 4;
    CHECK(header_view::read(mail, limits).has_value());
    limits.max_fields = 3;
    CHECK(header_view::read(mail, limits).error() == message_errc::header_too_large);
    limits = {};
    limits.max_octets = header->octets();
    CHECK(header_view::read(mail, limits).has_value());
    --limits.max_octets;
    CHECK(header_view::read(mail, limits).error() == message_errc::header_too_large);
}

TEST_CASE("encoded words are read", "[message][header]")
{
    struct row {
        std::string_view written, text;
    };
    const auto tc = GENERATE(values<row>({
        {"plain", "plain"},
        {"=?utf-8?Q?=C3=A9t=C3=A9?=", "été"},
        {"=?UTF-8?b?w6l0w6k=?= fin", "été fin"},
        {"=?iso-8859-1?q?=E9t=E9?= x", "été x"},
        {"=?iso-8859-15?Q?=A4?=", "€"},
        {"=?windows-1252?Q?l=92=E9t=E9_=80?=", "l’été €"},
        {"=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"},
        {"=?utf-8?Q?a?=   x", "a   x"},
        {"=?utf-8*fr?Q?a?=", "a"},
        {"=?koi8-r?Q?=C1?=", "=?koi8-r?Q?=C1?="},
        {"=?utf-8?Q?=C3?=", "=?utf-8?Q?=C3?="},
        {"=?utf-8?Q?=C?=", "=?utf-8?Q?=C?="},
        {"=?utf-8?X?a?=", "=?utf-8?X?a?="},
        {"=?utf-8?Q?a", "=?utf-8?Q?a"},
        {"=?", "=?"},
        {"", ""},
    }));
    CHECK(decode_words(tc.written) == tc.text);
    for (std::size_t cut = 0; cut <= tc.written.size(); ++cut) (void)decode_words(std::string(tc.written, 0, cut));
}

TEST_CASE("text is encoded word by word and reads back the same", "[message][header]")
{
    const auto tc = GENERATE(values<std::string_view>(
        {"XDM/1.0/DDM+Lettre de liaison à la sortie MARTEL ELODIE 14/07/1985", "é", "a  b", "é è", "a é è b",
         "=?utf-8?Q?x?=", "x=?utf-8?Q?x?=", "€uro ààààààààààààààààààààààààààààààààààààààààààààààààààààààààààà fin",
         "plain", "", "日本 語"}));
    const auto written = encode_words(tc);
    REQUIRE(written.has_value());
    for (const char c : *written) CHECK((c >= 32 && c < 127));
    CHECK(decode_words(*written) == tc);
    const auto field = write_field("Subject", *written);
    REQUIRE(field.has_value());
    CHECK(decode_words(unfold(field->substr(8))) == tc);
    if (tc.starts_with("XDM")) CHECK(written->starts_with("XDM/1.0/DDM+Lettre de liaison "));
}

TEST_CASE("text that cannot stand in a header is refused", "[message][header]")
{
    CHECK(encode_words("a\r\nBcc: x@y.fr").error() == message_errc::bad_header_value);
    CHECK(encode_words("\xC3").error() == message_errc::bad_encoding);
    using namespace std::string_view_literals;
    for (const auto bad : {"a\rb"sv, "a\nb"sv, "a\0b"sv, "a\x7F"sv, "\xC3\xA9"sv})
        CHECK(write_field("Subject", bad).error() == message_errc::bad_header_value);
    for (const auto bad : {""sv, "A B"sv, "A:"sv, "A\r\n"sv, "\xC3\xA9"sv})
        CHECK(write_field(bad, "x").error() == message_errc::bad_header_name);
}

TEST_CASE("fields are folded at blanks below 78 and never above 998", "[message][header]")
{
    std::string value;
    for (int n = 0; n < 40; ++n) value += "word" + std::to_string(n) + ' ';
    value += "end";
    const auto field = write_field("X-Long", value);
    REQUIRE(field.has_value());
    for (std::size_t at = 0; at < field->size();) {
        const auto end = field->find("\r\n", at);
        CHECK(end - at <= 78);
        at = end + 2;
    }
    CHECK(unfold(field->substr(7)) == value);
    CHECK(write_field("X", std::string(995, 'x')).has_value());  // "X: " and 995 make 998
    CHECK(write_field("X", std::string(996, 'x')).error() == message_errc::bad_header_length);
}

TEST_CASE("message identifiers", "[message][header]")
{
    CHECK(*write_message_id("a.b@c.fr") == "<a.b@c.fr>");
    for (const auto* bad : {"", "a", "@b", "a@", "a b@c", "a@b>", "a@b\r\n"})
        CHECK(write_message_id(bad).error() == message_errc::bad_message_id);
    CHECK(write_message_id("a@" + std::string(248, 'b')).has_value());
    CHECK_FALSE(write_message_id("a@" + std::string(249, 'b')).has_value());
    CHECK(read_message_id(" <a@b>\r\n") == "a@b");
    CHECK(read_message_id("a@b") == "a@b");
    CHECK(read_message_id("(c) <a@b> <c@d>") == "a@b");
    CHECK_FALSE(read_message_id("<a@b").has_value());
    CHECK(read_message_ids("<a@b>\r\n <c@d> <broken> <e@f>") == std::vector<std::string>{"a@b", "c@d", "e@f"});
    CHECK(read_message_ids("<a@b><c@d>", 1).size() == 1);
}

TEST_CASE("envelope addresses are strict", "[message][address]")
{
    struct row {
        std::string text, domain;
    };
    for (const auto& good : std::vector<row>{{"a@b.fr", "b.fr"},
                                             {"A.b+c@HOPITAL.Mssante.FR", "hopital.mssante.fr"},
                                             {"\"a b\"@b.fr", "b.fr"},
                                             {"x@xn--hpital-vxa.fr", "xn--hpital-vxa.fr"},
                                             {"285076900000095@patient.mssante.fr", "patient.mssante.fr"},
                                             {"root@localhost", "localhost"},
                                             {std::string(64, 'a') + "@b.fr", "b.fr"}}) {
        const auto read = read_address(good.text);
        CAPTURE(good.text);
        REQUIRE(read.has_value());
        CHECK(read->domain == good.domain);
    }
    const std::string label(63, 'a');
    const std::string long_domain = label + '.' + label + '.' + label + '.' + label;  // 255
    CHECK(read_address("a@" + long_domain).has_value());
    using namespace std::string_literals;
    for (const auto& bad : {""s,
                            "a"s,
                            "@b.fr"s,
                            "a@"s,
                            "a@b..fr"s,
                            ".a@b.fr"s,
                            "a.@b.fr"s,
                            "a..b@b.fr"s,
                            "a b@c.fr"s,
                            "a@b c.fr"s,
                            "a@[127.0.0.1]"s,
                            "a@b.fr\r\n"s,
                            "a\r\n@b.fr"s,
                            "\xC3\xA9@b.fr"s,
                            "a@\xC3\xA9.fr"s,
                            "a@-b.fr"s,
                            "a@b-.fr"s,
                            "<a@b.fr>"s,
                            "a@b.fr."s,
                            "\"a@b.fr"s,
                            "\"\"@b.fr"s,
                            "\"a\"b\"@c.fr"s,
                            "\"a\\\"@b.fr"s,
                            "@x:a@b.fr"s,
                            "a@b_c.fr"s,
                            std::string(65, 'a') + "@b.fr",
                            "a@" + label + "a.fr",
                            "a@b." + long_domain,
                            "a\0@b.fr"s}) {
        CAPTURE(bad);
        CHECK(read_address(bad).error() == message_errc::bad_address);
    }
}

TEST_CASE("address lists of other people are read", "[message][address]")
{
    const auto read =
        read_mailboxes("=?utf-8?Q?H=C3=B4pital?= <a@b.fr>, \"Martin, A\" <c@d.fr>, e@f.fr (x), G: h@i.fr, j@k.fr;");
    REQUIRE(read.has_value());
    CHECK(*read == std::vector<mailbox>{
                       {"Hôpital", "a@b.fr"}, {"Martin, A", "c@d.fr"}, {"", "e@f.fr"}, {"", "h@i.fr"}, {"", "j@k.fr"}});
    address_limits limits;
    limits.max_mailboxes = 2;
    CHECK(read_mailboxes("a@b.fr, c@d.fr", limits).has_value());
    CHECK_FALSE(read_mailboxes("a@b.fr, c@d.fr, e@f.fr", limits).has_value());
    limits = {};
    limits.max_octets = 6;
    CHECK(read_mailboxes("a@b.fr", limits).has_value());
    CHECK_FALSE(read_mailboxes("aa@b.fr", limits).has_value());
    CHECK(read_mailboxes(std::string(32, '(') + std::string(32, ')') + "a@b.fr").has_value());
    CHECK_FALSE(read_mailboxes(std::string(33, '(') + std::string(33, ')') + "a@b.fr").has_value());
    const std::string text = "\"Martin, A\" <c@d.fr>, G: h@i.fr;";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) (void)read_mailboxes(std::string(text, 0, cut));
}

TEST_CASE("mailboxes are written and read back", "[message][address]")
{
    for (const auto* name :
         {"", "Liaison", "Dr. Martin, Alice", "Hôpital Saint-Éloi, service \"B\"", "a\\b", "=?x?="}) {
        const auto written = write_mailbox({name, "bal@hopital.mssante.fr"});
        REQUIRE(written.has_value());
        const auto read = read_mailboxes(*written);
        CAPTURE(*written);
        REQUIRE(read.has_value());
        REQUIRE(read->size() == 1);
        CHECK(read->front().display_name == name);
        CHECK(read->front().address == "bal@hopital.mssante.fr");
    }
    CHECK_FALSE(write_mailbox({"a\r\nBcc: x@y.fr", "a@b.fr"}).has_value());
    CHECK_FALSE(write_mailbox({"", "a@b.fr\r\n"}).has_value());
}

TEST_CASE("dates", "[message][date]")
{
    const sys_seconds instant = sys_days(2026y / 11 / 21) + 22h + 57min + 3s;
    CHECK(write_date({instant, 60min}) == "Sat, 21 Nov 2026 23:57:03 +0100");
    CHECK(write_date({instant, -570min}) == "Sat, 21 Nov 2026 13:27:03 -0930");
    CHECK(write_date({instant, 0min}) == "Sat, 21 Nov 2026 22:57:03 +0000");
    for (const auto* text : {"Sat, 21 Nov 2026 23:57:03 +0100", "21 Nov 2026 23:57:03 +0100",
                             "Sat, 21 Nov 2026 22:57:03 GMT", "Sat,  21 Nov 2026 23:57:03 +0100 (CET)\r\n"}) {
        CAPTURE(text);
        const auto read = read_date(text);
        REQUIRE(read.has_value());
        CHECK(read->instant == instant);
    }
    for (const auto* bad : {"", "x", "Sat, 31 Feb 2026 00:00:00 +0000", "1 Jan 2026 25:00:00 +0000", "1 Jan 2026",
                            "1 Jan 2026 00:00:00 +1500", "32 Jan 2026 00:00:00 +0000"}) {
        CAPTURE(bad);
        CHECK(read_date(bad).error() == message_errc::bad_date);
    }
    const std::string whole = "Sat, 21 Nov 2026 23:57:03 +0100";
    for (std::size_t cut = 0; cut < whole.size(); ++cut) (void)read_date(std::string(whole, 0, cut));
}
