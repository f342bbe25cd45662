#include "mime/text/base64.hpp"
#include "mime/text/digest.hpp"
#include "mime/text/errc.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <optional>

using namespace mime;

namespace {
// The rules of base64.hpp, a character at a time.
std::optional<std::string> plainly_decoded(std::string_view text)
{
    static const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string octets;
    unsigned held = 0;
    unsigned bits = 0;
    bool padded = false;
    for (const char c : text) {
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
        padded = padded || c == '=';
        if (c == '=') continue;
        const std::size_t value = alphabet.find(c);
        if (padded || value == std::string::npos) return std::nullopt;
        bits = (bits << 6) | static_cast<unsigned>(value);
        held = (held + 1) % 4;
        if (held != 1) octets += static_cast<char>(bits >> (held == 0 ? 0 : 8 - 2 * held));
    }
    if (held == 1) return std::nullopt;
    return octets;
}
}

TEST_CASE("RFC 4648 vectors go both ways", "[text][base64]")
{
    struct row {
        std::string_view octets, text;
    };
    const auto tc = GENERATE(values<row>({{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}}));
    CHECK(base64_encode(tc.octets) == tc.text);
    const auto back = base64_decode(tc.text);
    REQUIRE(back.has_value());
    CHECK(*back == tc.octets);
}

TEST_CASE("every octet survives, in lines or not", "[text][base64]")
{
    std::string octets;
    for (int i = 0; i < 1000; ++i) octets += static_cast<char>(i * 7 + i / 256);
    const auto size = GENERATE(0, 1, 56, 57, 58, 113, 114, 115, 1000);
    const std::string_view part = std::string_view(octets).substr(0, static_cast<std::size_t>(size));
    for (const std::size_t line : {0U, 4U, 76U}) {
        const std::string text = base64_encode(part, line);
        const auto back = base64_decode(text);
        REQUIRE(back.has_value());
        CHECK(*back == part);
        if (line == 0) continue;
        for (std::size_t start = 0; start < text.size();) {
            const std::size_t end = text.find("\r\n", start);
            REQUIRE(end != std::string::npos);
            CHECK(end - start <= line);
            CHECK((end - start == line || end + 2 == text.size()));
            start = end + 2;
        }
    }
}

TEST_CASE("blanks and odd padding are tolerated", "[text][base64]")
{
    const auto text = GENERATE(as<std::string_view>(), "Zm9vYg==", "Zm9vYg",
                               "Zm9vYg=", "Zm9vYg====", "Zm 9v\r\nYg\t=\n=", " Z m 9 v Y g", "Zm9vYg==\r\n");
    const auto octets = base64_decode(text);
    REQUIRE(octets.has_value());
    CHECK(*octets == "foob");
}

TEST_CASE("what is no base64 is refused", "[text][base64]")
{
    struct row {
        std::string_view text;
        text_errc error;
    };
    using enum text_errc;
    const auto tc = GENERATE(values<row>({{"Z", base64_length},
                                          {"Zm9vY", base64_length},
                                          {"Zm9vY===", base64_length},
                                          {"Zm9v-g==", base64_character},
                                          {"Zm9v_g", base64_character},
                                          {"Zg==Zg==", base64_character},
                                          {"Zm9v\\", base64_character},
                                          {std::string_view("Zm9v\0", 5), base64_character},
                                          {"Zm9v\xc3\xa9", base64_character}}));
    CAPTURE(tc.text);
    const auto octets = base64_decode(tc.text);
    REQUIRE_FALSE(octets.has_value());
    CHECK(octets.error() == tc.error);
}

TEST_CASE("whatever octet stands wherever in a long text, it reads as the rules say", "[text][base64]")
{
    std::string octets;
    for (int i = 0; i < 75; ++i) octets += static_cast<char>(i * 37);
    const std::string text = base64_encode(octets);  // 100 characters: several blocks, then groups, then single ones
    for (std::size_t place = 0; place < text.size(); ++place) {
        for (int octet = 0; octet < 256; ++octet) {
            std::string changed = text;
            changed[place] = static_cast<char>(octet);
            const auto expected = plainly_decoded(changed);
            const auto decoded = base64_decode(changed);
            const bool same = decoded.has_value() == expected.has_value() && (!expected || *decoded == *expected);
            if (same) continue;  // 25 600 assertions would take longer than the decoding
            CAPTURE(place, octet);
            CHECK(same);
        }
    }
}

TEST_CASE("a long text reads the same wherever its lines are cut", "[text][base64]")
{
    std::string octets;
    for (int i = 0; i < 300; ++i) octets += static_cast<char>(i * 37 + i / 7);
    for (std::size_t line = 1; line < 140; ++line) {
        for (const std::string_view blank : {"\n", "\r\n", " \t"}) {
            std::string text = base64_encode(octets);
            for (std::size_t at = line; at < text.size(); at += line + blank.size()) text.insert(at, blank);
            CAPTURE(line);
            const auto decoded = base64_decode(text);
            REQUIRE(decoded.has_value());
            CHECK(*decoded == octets);
        }
    }
}

TEST_CASE("digests of FIPS 180 examples", "[text][digest]")
{
    CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST_CASE("base64 speed", "[.bench]")
{
    const std::string octets(30'000'000, 'x');
    const std::string text = base64_encode(octets);
    const auto start = std::chrono::steady_clock::now();
    CHECK(base64_decode(text).has_value());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    WARN("decode MB/s of text: " << static_cast<double>(text.size()) / took.count() / 1e6);
}
