#include "mime/message/binary_form.hpp"

#include <catch2/catch.hpp>

#include <string>

#include "mime/text/base64.hpp"

using mime::base64_encode;
using mime::message::header_limits;
using mime::message::make_binary_form;

namespace {
const std::string type = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n name=\"smime.p7m\"\r\n";
const std::string encoding = "Content-Transfer-Encoding: base64\r\n";
const std::string before = "From: <a@b.test>\r\nSubject: XDM/1.0/DDM+x\r\nMIME-Version: 1.0\r\n";

std::string octets_of(std::size_t count)
{
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += static_cast<char>(i * 37 + i / 251);
    return all;
}
std::string mail_with(const std::string& fields, const std::string& body)
{
    return before + fields + "\r\n" + body;
}
}

TEST_CASE("what is decoded gives the same text back, whatever its length", "[message][binary]")
{
    for (std::size_t count = 1; count < 400; ++count) {
        const std::string octets = octets_of(count);
        const auto made = make_binary_form(mail_with(type + encoding, base64_encode(octets, 76)));
        CAPTURE(count);
        REQUIRE(made.has_value());
        CHECK(made->body == octets);
        CHECK(made->header == before + type + "Content-Transfer-Encoding: binary\r\n\r\n");
        CHECK(made->octets() == made->header.size() + count);
    }
    const std::string large = octets_of(1'000'000);
    const std::string mail = mail_with(type + encoding, base64_encode(large, 76));
    const auto made = make_binary_form(mail);
    REQUIRE(made.has_value());
    CHECK(made->body == large);
    CHECK(made->octets() * 100 < mail.size() * 74);
}

TEST_CASE("the fields are read in any case and folding, and the others stay as they are written", "[message][binary]")
{
    struct row {
        std::string fields, expected;
    };
    const std::string binary = "Content-Transfer-Encoding: binary\r\n";
    const auto tc = GENERATE_COPY(values<row>({
        {encoding + type, binary + type},
        {type + "CONTENT-transfer-encoding:BASE64\r\n", type + binary},
        {type + "Content-Transfer-Encoding:\r\n\t base64 \r\n", type + binary},
        {type + "Content-Transfer-Encoding : base64\r\nX-A: é\r\n b\r\n", type + binary + "X-A: é\r\n b\r\n"},
        {"content-type:\r\n APPLICATION/pkcs7-MIME\r\n" + encoding,
         "content-type:\r\n APPLICATION/pkcs7-MIME\r\n" + binary},
        {type + encoding + "no colon here\r\n", type + binary + "no colon here\r\n"},
    }));
    const auto made = make_binary_form(mail_with(tc.fields, "QUJD\r\n"));
    CAPTURE(tc.fields);
    REQUIRE(made.has_value());
    CHECK(made->header == before + tc.expected + "\r\n");
    CHECK(made->body == "ABC");
}

TEST_CASE("what is not ours to decode has no binary form", "[message][binary]")
{
    const std::string line(76, 'A');
    const auto mail = GENERATE_COPY(values<std::string>({
        mail_with(type, "QUJD\r\n"),                                                     // no encoding said
        mail_with(type + encoding + encoding, "QUJD\r\n"),                               // said twice
        mail_with(type + encoding + "Content-Transfer-Encoding: 7bit\r\n", "QUJD\r\n"),  // and otherwise
        mail_with(type + "Content-Transfer-Encoding: 7bit\r\n", "QUJD\r\n"),
        mail_with(type + "Content-Transfer-Encoding: base64 (so)\r\n", "QUJD\r\n"),
        mail_with(type + "Content-Transfer-Encoding:\r\n", "QUJD\r\n"),
        mail_with(encoding, "QUJD\r\n"),
        mail_with(type + type + encoding, "QUJD\r\n"),
        mail_with("Content-Type: application/pkcs7-mimes\r\n" + encoding, "QUJD\r\n"),
        mail_with("Content-Type: application/pdf\r\n" + encoding, "QUJD\r\n"),
        mail_with("Content-Type: multipart/signed; x=application/pkcs7-mime\r\n" + encoding, "QUJD\r\n"),
        mail_with(type + encoding, ""),
        mail_with(type + encoding, "\r\n"),
        mail_with(type + encoding, "QUJD"),
        mail_with(type + encoding, "QUJD\n"),
        mail_with(type + encoding, "QUJD\r\n\r\n"),
        mail_with(type + encoding, "QUJD\r\nQUJD\r\n"),                   // a short line within
        mail_with(type + encoding, std::string(80, 'A') + "\r\n"),        // a longer one
        mail_with(type + encoding, line.substr(0, 64) + "\r\nQUJD\r\n"),  // as openssl writes them
        mail_with(type + encoding, line + "\r\n" + line + "\n\r"),
        mail_with(type + encoding, line + "\r\n\r\n"),
        mail_with(type + encoding, "QUJ\r\n"),
        mail_with(type + encoding, "QU D\r\n"),
        mail_with(type + encoding, "Q\r\nD\r\n"),
        mail_with(type + encoding, "QUJ*\r\n"),
        mail_with(type + encoding, "====\r\n"),
        mail_with(type + encoding, "Q===\r\n"),
        mail_with(type + encoding, "QQ==QQ==\r\n"),
        mail_with(type + encoding, "QUJDRE=F\r\n"),
        mail_with(type + encoding, "QR==\r\n"),  // its last bits stand for nothing
        mail_with(type + encoding, "QUI=\r\n").replace(0, 0, "X: a\n"),
        before + type + encoding,  // no body at all
        std::string(),
        std::string("\r\n"),
    }));
    CAPTURE(mail);
    CHECK_FALSE(make_binary_form(mail).has_value());
}

TEST_CASE("a mail cut anywhere has no binary form, or a whole one", "[message][binary]")
{
    const std::string mail = mail_with(type + encoding, base64_encode(octets_of(200), 76));
    for (std::size_t cut = 0; cut < mail.size(); ++cut)
        if (const auto made = make_binary_form(std::string(mail, 0, cut))) CHECK(mail.substr(cut - 2, 2) == "\r\n");
    header_limits limits;
    limits.max_octets = mail.find("\r\n\r\n") + 4;
    CHECK(make_binary_form(mail, limits).has_value());
    --limits.max_octets;
    CHECK_FALSE(make_binary_form(mail, limits).has_value());
}
