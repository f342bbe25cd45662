#include "mime/smime/layer.hpp"

#include <catch2/catch.hpp>

using mime::smime::read_layer;
using mime::smime::read_parameter;

TEST_CASE("parameters of a structured field", "[smime]")
{
    struct row {
        std::string_view field;
        std::optional<std::string> expected;
    };
    const auto tc = GENERATE(values<row>({
        {"multipart/signed; boundary=abc", "abc"},
        {"multipart/signed; boundary = \"a b;c\" ; x=1", "a b;c"},
        {"multipart/signed;\r\n\tx=\"1;boundary=no\";BOUNDARY=yes", "yes"},
        {"multipart/signed; boundary=\"a\\\"b\"", "a\"b"},
        {"multipart/signed; boundary=", std::nullopt},
        {"multipart/signed; boundary=\"", ""},
        {"multipart/signed; boundary=\"abc", "abc"},
        {"multipart/signed; boundary=\"abc\\", "abc\\"},
        {"multipart/signed; boundary", std::nullopt},
        {"multipart/signed; ; boundary=z;", "z"},
        {"multipart/signed", std::nullopt},
        {"", std::nullopt},
        {";;;=;", std::nullopt},
    }));
    CAPTURE(tc.field);
    CHECK(read_parameter(tc.field, "boundary") == tc.expected);
}

TEST_CASE("the outermost layer is found, or its absence", "[smime]")
{
    for (const std::string_view bare :
         {"", "\r\n", "text", "Content-Type: text/plain\r\n\r\nx",
          "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--",
          "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n\r\n--b--\r\n"}) {
        CAPTURE(bare);
        const auto found = read_layer(bare);
        REQUIRE(found.has_value());
        CHECK_FALSE(found->has_value());
    }
    for (const std::string_view opaque :
         {"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\nAQID\r\n",
          "content-type:\r\n Application/X-PKCS7-MIME; smime-type=x\r\ncontent-transfer-encoding:BASE64\r\n\r\nA "
          "Q\r\nID",
          "Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: binary\n\n\1\2\3"}) {
        CAPTURE(opaque);
        const auto found = read_layer(opaque);
        REQUIRE(found.has_value());
        REQUIRE(found->has_value());
        CHECK((*found)->cms == "\1\2\3");
        CHECK_FALSE((*found)->detached_content.has_value());
    }
}

TEST_CASE("the signed part is exact to the octet", "[smime]")
{
    const std::string head =
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=\"b\"\r\n\r\n";
    const std::string tail = "\r\nContent-Type: application/pkcs7-signature\r\n\r\n\1\2\r\n--b--\r\nepilogue";
    struct row {
        std::string_view between;
        std::string_view expected;
    };
    const auto tc = GENERATE(values<row>({
        {"--b\r\nA: b\r\n\r\nc\r\n--b", "A: b\r\n\r\nc"},
        {"--b\r\nA: b\r\n\r\nc\r\n\r\n--b", "A: b\r\n\r\nc\r\n"},
        {"--b\nA: b\n\nc\n--b", "A: b\n\nc"},
        {"--b\nA: b\r\n\r\nc\r\n\n--b", "A: b\r\n\r\nc\r\n"},
        {"preamble\r\n--b \t\r\nA: b\r\n\r\n--bc\r\n --b\r\n--b", "A: b\r\n\r\n--bc\r\n --b"},
        {"--b\r\n--b", ""},
        {"--b\r\n\r\n--b", ""},
    }));
    CAPTURE(tc.between);
    const std::string mail = head + std::string(tc.between) + tail;
    const auto found = read_layer(mail);
    REQUIRE(found.has_value());
    REQUIRE(found->has_value());
    REQUIRE((*found)->detached_content.has_value());
    CHECK(*(*found)->detached_content == tc.expected);
    CHECK((*found)->cms == "\1\2");
}
