// Target base64: the quick ways through base64 and UTF-8 against the plainest ones. Success: the text was base64.
#include "mime/text/base64.hpp"
#include "mime/text/charset.hpp"
#include "tests/fuzz/harness.hpp"

#include <optional>

namespace {
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The rules of base64.hpp, a character at a time.
std::optional<std::string> plainly_decoded(std::string_view text)
{
    std::string out;
    unsigned held = 0, bits = 0;
    bool padded = false;
    for (const char c : text) {
        if (std::string_view(" \t\r\n").find(c) != std::string_view::npos) continue;
        if (c == '=') {
            padded = true;
            continue;
        }
        const std::size_t value = alphabet.find(c);
        if (padded || value == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<unsigned>(value);
        if (++held % 4 != 1) out += static_cast<char>(bits >> (held % 4 == 2 ? 4 : held % 4 == 3 ? 2 : 0));
    }
    if (held % 4 == 1) return std::nullopt;
    return out;
}

bool plainly_utf8(std::string_view text)
{
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at++]);
        if (lead < 0x80) continue;
        const unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4 || text.size() - at < more) return false;
        char32_t point = lead & (0x3fU >> more);
        for (unsigned i = 0; i < more; ++i) {
            const auto next = static_cast<unsigned char>(text[at++]);
            if ((next & 0xc0U) != 0x80) return false;
            point = point << 6 | (next & 0x3fU);
        }
        constexpr char32_t smallest[] = {0, 0x80, 0x800, 0x10000};
        if (point < smallest[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
    }
    return true;
}
}

std::vector<std::string> fuzz::seeds()
{
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    return {mime::base64_encode(all), mime::base64_encode(all, 76), mime::base64_encode("ab") + "==", "QUJ\r\n D",
            mime::base64_encode(all + all + all + "x")};
}

bool fuzz::reads(std::string_view input)
{
    promise(mime::is_utf8(input) == plainly_utf8(input));
    promise(mime::is_utf8(mime::latin9_to_utf8(input)));
    promise(*mime::base64_decode(mime::base64_encode(input)) == input);
    promise(*mime::base64_decode(mime::base64_encode(input, 76)) == input);
    const auto decoded = mime::base64_decode(input);
    const auto expected = plainly_decoded(input);
    promise(decoded.has_value() == expected.has_value());
    if (!decoded.has_value()) return false;
    promise(*decoded == *expected);
    return true;
}
