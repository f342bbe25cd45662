#include "mime/message/imap_view.hpp"

#include <catch2/catch.hpp>

using namespace mime::message;

namespace {
const std::string sample =
    "Date: Sat, 21 Nov 2026 23:57:03 +0100\r\nFrom: \"A \\\"B\\\"\" <a@b.fr>\r\nTo: x@y.fr,\r\n =?utf-8?Q?=C3=A9?= "
    "<z@y.fr>\r\n"
    "Subject: one\r\n two\r\nMessage-ID: <1@b.fr>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
    "boundary=\"AA\"\r\n\r\n"
    "preamble\r\n--AA\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello\r\nworld\r\n\r\n"
    "--AA\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename=m.eml\r\n\r\n"
    "From: c@d.fr\r\nSubject: inner\r\nContent-Type: multipart/alternative; boundary=BB\r\n\r\n"
    "--BB\r\n\r\none\r\n--BB\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\nContent-ID: "
    "<i@d>\r\n\r\nQUJD\r\n--BB--\r\n\r\n"
    "--AA\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nsingle\r\n"
    "--AA--\r\n";

std::string get(const std::string& mail, std::string path, section_part what = section_part::whole,
                std::vector<std::string> fields = {})
{
    const auto view = make_imap_view(mail);
    const auto found = read_section(mail, view.sections, {std::move(path), what, std::move(fields)});
    return found ? std::string(found->bytes()) : "<none>";
}
}

TEST_CASE("ENVELOPE and structures", "[message][imap]")
{
    const auto view = make_imap_view(sample);
    CHECK(view.kind == view_kind::parsed);
    const std::string from = R"((("A \"B\"" NIL "a" "b.fr")))";
    CHECK(view.envelope ==
          R"(("Sat, 21 Nov 2026 23:57:03 +0100" "one two" )" + from + ' ' + from + ' ' + from +
              R"( ((NIL NIL "x" "y.fr")("=?utf-8?Q?=C3=A9?=" NIL "z" "y.fr")) NIL NIL NIL "<1@b.fr>"))");
    const std::string plain = R"(("TEXT" "PLAIN" ("charset" "utf-8") NIL NIL "7BIT" 14 2)";
    const std::string c = R"(((NIL NIL "c" "d.fr")))";
    const std::string inner_envelope = "(NIL \"inner\" " + c + ' ' + c + ' ' + c + " NIL NIL NIL NIL NIL)";
    CHECK_THAT(view.body, Catch::StartsWith("(" + plain + ")"));
    CHECK_THAT(view.body, Catch::Contains("(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" "));
    CHECK_THAT(
        view.body,
        Catch::Contains(
            inner_envelope +
            R"( (("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 0)("TEXT" "HTML" NIL "<i@d>" NIL "BASE64" 4 0) "ALTERNATIVE") )"));
    CHECK_THAT(view.body, Catch::EndsWith(" \"MIXED\")"));
    CHECK_THAT(view.body_structure, Catch::StartsWith("(" + plain + " NIL NIL NIL NIL)"));
    CHECK_THAT(view.body_structure, Catch::Contains(R"(NIL ("ATTACHMENT" ("filename" "m.eml")) NIL NIL))"));
    CHECK_THAT(view.body_structure, Catch::EndsWith(R"( "MIXED" ("boundary" "AA") NIL NIL NIL))"));
}

TEST_CASE("sections are cut out of the raw mail", "[message][imap]")
{
    const auto header_end = sample.find("\r\n\r\n") + 4;
    CHECK(get(sample, "") == sample);
    CHECK(get(sample, "", section_part::header) == sample.substr(0, header_end));
    CHECK(get(sample, "", section_part::text) == sample.substr(header_end));
    CHECK(get(sample, "", section_part::header_fields, {"SUBJECT", "message-id", "Nope"}) ==
          "Subject: one\r\n two\r\nMessage-ID: <1@b.fr>\r\n\r\n");
    CHECK(get(sample, "", section_part::header_fields_not, {"date", "from", "to", "content-type"}) ==
          "Subject: one\r\n two\r\nMessage-ID: <1@b.fr>\r\nMIME-Version: 1.0\r\n\r\n");
    CHECK(get(sample, "1") == "hello\r\nworld\r\n");
    CHECK(get(sample, "1", section_part::mime) == "Content-Type: text/plain; charset=utf-8\r\n\r\n");
    CHECK(get(sample, "1", section_part::text) == "<none>");
    CHECK(get(sample, "2").starts_with("From: c@d.fr"));
    CHECK(get(sample, "2", section_part::header) ==
          "From: c@d.fr\r\nSubject: inner\r\nContent-Type: multipart/alternative; boundary=BB\r\n\r\n");
    CHECK(get(sample, "2", section_part::text).starts_with("--BB\r\n"));
    CHECK(get(sample, "2", section_part::header_fields, {"Subject"}) == "Subject: inner\r\n\r\n");
    CHECK(get(sample, "2.1") == "one");
    CHECK(get(sample, "2.1", section_part::mime) == "\r\n");
    CHECK(get(sample, "2.2") == "QUJD");
    CHECK(get(sample, "3.1") == "single");
    CHECK(get(sample, "4") == "<none>");
    CHECK(get(sample, "2.3") == "<none>");
    CHECK(get(sample, "", section_part::mime) == "<none>");
    CHECK(partial_of("abcdef", 2, 3) == "cde");
    CHECK(partial_of("abcdef", 6, 3).empty());
    CHECK(partial_of("abcdef", 4, 1'000'000'000'000) == "ef");
}

TEST_CASE("a sealed mail has one part", "[message][imap]")
{
    const std::string mail =
        "From: a@b.fr\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n name=smime.p7m\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n";
    const auto view = make_imap_view(mail);
    CHECK(view.body ==
          R"(("APPLICATION" "PKCS7-MIME" ("smime-type" "enveloped-data" "name" "smime.p7m") NIL NIL "BASE64" 6))");
    CHECK(get(mail, "1") == "QUJD\r\n");
    CHECK(get(mail, "", section_part::text) == "QUJD\r\n");
}

TEST_CASE("octets that IMAP cannot quote become literals", "[message][imap]")
{
    using namespace std::string_view_literals;
    CHECK(write_imap_string("a\"b\\") == R"("a\"b\\")");
    CHECK(write_imap_string("\xC3\xA9") == "{2}\r\n\xC3\xA9");
    CHECK(write_imap_string("a\r\nb") == "{4}\r\na\r\nb");
    CHECK(write_imap_string("a\0b"sv) == "{2}\r\nab");
    CHECK(write_imap_string(std::string(1000, 'x')).front() == '"');
    CHECK(write_imap_string(std::string(1001, 'x')).front() == '{');
    CHECK_THAT(make_imap_view("Subject: \xC3\xA9\r\n\r\n").envelope, Catch::Contains("{2}\r\n\xC3\xA9"));
}

TEST_CASE("hostile mail is served as it is, opaque", "[message][imap]")
{
    const std::string mail = "From: " + std::string(100, '(') + "\r\n\r\nbody\r\n";
    const auto view = make_imap_view(mail);
    CHECK(view.kind == view_kind::opaque);
    CHECK(view.body == R"(("APPLICATION" "OCTET-STREAM" NIL NIL NIL "BINARY" 6))");
    CHECK(get(mail, "") == mail);
    CHECK(get(mail, "1") == "body\r\n");
    CHECK(get(mail, "", section_part::header) == mail.substr(0, mail.size() - 6));
    const std::string endless(300'000, 'x');
    CHECK(get(endless, "", section_part::header).empty());
    CHECK(get(endless, "", section_part::text) == endless);
}

TEST_CASE("hollow containers still have a valid structure", "[message][imap]")
{
    for (const std::string mail :
         {"Content-Type: multipart/mixed; boundary=b\r\n\r\nno part", "Content-Type: multipart/mixed\r\n\r\nx",
          "Content-Type: message/rfc822\r\n\r\n", "", "Content-Type: message/delivery-status\r\n\r\nx"}) {
        const auto view = make_imap_view(mail);
        CAPTURE(mail, view.body);
        CHECK((view.body.starts_with("(\"") || view.body.starts_with("((\"")));
        CHECK(get(mail, "1") != "<none>");
        CHECK(get(mail, "") == mail);
    }
}

TEST_CASE("views of mails cut anywhere stay inside the bytes and survive the store", "[message][imap]")
{
    for (std::size_t cut = 0; cut <= sample.size(); ++cut) {
        const std::string mail = sample.substr(0, cut);
        const auto view = make_imap_view(mail);
        const auto again = read_section_map(view.sections.write_text(), mail.size());
        REQUIRE(again.has_value());
        CHECK(*again == view.sections);
        for (const auto& entry : again->entries())
            CHECK(read_section(mail, *again, {entry.path, section_part::whole, {}}).has_value());
    }
}

TEST_CASE("a damaged section map is refused", "[message][imap]")
{
    const std::string good = make_imap_view(sample).sections.write_text();
    CHECK_FALSE(read_section_map(good, sample.size() - 1).has_value());
    for (std::size_t cut = 0; cut < good.size(); ++cut) (void)read_section_map(good.substr(0, cut), sample.size());
    for (const auto* bad :
         {"", "1 0 0 0 0\n", "- 0 0 0 0", "- 0 0 0\n", "- 2 1 0 0\n", "- 0 0 0 0 0\n", "- 0 0 0 0 0 0\n",
          "- 0 0 0 0 0 0 0 0 \n", "- 0 0 0 0\n.1 0 0 0 0\n", "- 0 0 0 99999999999999999999\n"})
        CHECK_FALSE(read_section_map(bad, 100).has_value());
    CHECK(read_section_map("- 0 0 0 0\n", 0).has_value());
}
