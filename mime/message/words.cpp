// Encoded words, RFC 2047.
#include "mime/message/header.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/base64.hpp"
#include "mime/text/charset.hpp"

#include <array>
#include <cstdint>

namespace mime::message {
namespace {
constexpr std::size_t max_encoded_word_octets = 75;  // RFC 2047 §2

std::string latin1_to_utf8(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xC0 | (octet >> 6));
            out += static_cast<char>(0x80 | (octet & 0x3F));
        }
    }
    return out;
}

// windows-1252 differs from Latin-1 only at 0x80–0x9F; the five undefined octets become U+FFFD.
std::string windows1252_to_utf8(std::string_view text)
{
    static constexpr std::array<std::uint16_t, 32> high = {
        0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x80 || octet > 0x9F) {
            out += latin1_to_utf8({&c, 1});
            continue;
        }
        const unsigned code = high[octet - 0x80U];
        if (code < 0x800) {
            out += static_cast<char>(0xC0U | (code >> 6));
        } else {
            out += static_cast<char>(0xE0U | (code >> 12));
            out += static_cast<char>(0x80U | ((code >> 6) & 0x3FU));
        }
        out += static_cast<char>(0x80U | (code & 0x3FU));
    }
    return out;
}

std::optional<std::string> to_utf8(std::string_view charset, std::string octets)
{
    charset = charset.substr(0, charset.find('*'));  // RFC 2231 §5: a language after the set
    if (same_text(charset, "utf-8") || same_text(charset, "us-ascii") || same_text(charset, "utf8")) {
        if (!is_utf8(octets)) return std::nullopt;
        return octets;
    }
    if (same_text(charset, "iso-8859-15")) return latin9_to_utf8(octets);
    if (same_text(charset, "iso-8859-1")) return latin1_to_utf8(octets);
    if (same_text(charset, "windows-1252")) return windows1252_to_utf8(octets);
    return std::nullopt;
}

int hex_digit(char c) noexcept
{
    if (is_digit(c)) return c - '0';
    const char l = to_lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

std::optional<std::string> decode_q(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '_') {
            out += ' ';
        } else if (text[at] != '=') {
            out += text[at];
        } else {
            if (at + 2 >= text.size()) return std::nullopt;
            const int high = hex_digit(text[at + 1]);
            const int low = hex_digit(text[at + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            at += 2;
        }
    }
    return out;
}

struct encoded_word {
    std::string utf8;
    std::size_t octets = 0;  // as written
};

// =?charset?encoding?text?= at the start of `text`.
std::optional<encoded_word> read_encoded_word(std::string_view text)
{
    if (!text.starts_with("=?")) return std::nullopt;
    const auto charset_end = text.find('?', 2);
    if (charset_end == std::string_view::npos || charset_end + 2 >= text.size() || text[charset_end + 2] != '?')
        return std::nullopt;
    const auto end = text.find("?=", charset_end + 3);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view body = text.substr(charset_end + 3, end - charset_end - 3);
    if (body.find_first_of(" \t") != std::string_view::npos) return std::nullopt;
    std::optional<std::string> octets;
    if (to_lower(text[charset_end + 1]) == 'q') octets = decode_q(body);
    if (to_lower(text[charset_end + 1]) == 'b') {
        if (auto decoded = base64_decode(body); decoded.has_value()) octets = std::move(*decoded);
    }
    if (!octets) return std::nullopt;
    auto utf8 = to_utf8(text.substr(2, charset_end - 2), std::move(*octets));
    if (!utf8) return std::nullopt;
    return encoded_word{std::move(*utf8), end + 2};
}

std::size_t character_octets(char lead) noexcept
{
    const auto octet = static_cast<unsigned char>(lead);
    return octet < 0x80 ? 1 : octet < 0xE0 ? 2 : octet < 0xF0 ? 3 : 4;
}

// Words that would be taken for encoded words by a reader are encoded too.
bool needs_encoding(std::string_view word) noexcept
{
    return word.find("=?") != std::string_view::npos || word.size() > 900 ||
           std::any_of(word.begin(), word.end(), is_8bit);
}

void append_q(std::string& out, std::string_view character)
{
    constexpr std::string_view hex = "0123456789ABCDEF";
    if (character.size() == 1 && is_alnum(character[0])) {  // the narrowest set, of RFC 2047 §5 (3)
        out += character;
    } else if (character == " ") {
        out += '_';
    } else {
        for (const char c : character) {
            out += '=';
            out += hex[static_cast<unsigned char>(c) >> 4];
            out += hex[static_cast<unsigned char>(c) & 15U];
        }
    }
}

// A character is never cut between two encoded words (RFC 2047 §5).
std::string encode_run(std::string_view text)
{
    constexpr std::string_view opening = "=?utf-8?Q?";
    std::string out;
    std::string word(opening);
    while (!text.empty()) {
        std::string piece;
        append_q(piece, text.substr(0, character_octets(text[0])));
        text.remove_prefix(std::min(text.size(), character_octets(text[0])));
        if (word.size() + piece.size() + 2 > max_encoded_word_octets) {
            out.append(word).append("?= ");
            word = opening;
        }
        word += piece;
    }
    return out.append(word).append("?=");
}

std::size_t word_end(std::string_view text, std::size_t at) noexcept
{
    const auto end = text.find(' ', at);
    return end == std::string_view::npos ? text.size() : end;
}
}

std::string decode_words(std::string_view unfolded)
{
    std::string out;
    std::size_t blanks_since_word = std::string::npos;  // where the blanks after an encoded word begin in `out`
    for (std::size_t at = 0; at < unfolded.size();) {
        if (auto word = read_encoded_word(unfolded.substr(at))) {
            if (blanks_since_word != std::string::npos) out.resize(blanks_since_word);
            out += word->utf8;
            blanks_since_word = out.size();
            at += word->octets;
            continue;
        }
        if (!is_wsp(unfolded[at])) blanks_since_word = std::string::npos;
        out += unfolded[at++];
    }
    return out;
}

result<std::string> encode_words(std::string_view utf8)
{
    if (!is_utf8(utf8)) return message_errc::bad_encoding;
    if (has_control(utf8)) return message_errc::bad_header_value;
    std::string out;
    for (std::size_t at = 0; at < utf8.size();) {
        std::size_t end = word_end(utf8, at);
        if (!needs_encoding(utf8.substr(at, end - at))) {
            out.append(utf8.substr(at, end - at));
        } else {
            // Neighbours that need it too go into the same run: blanks between encoded words would be lost.
            while (end < utf8.size() && needs_encoding(utf8.substr(end + 1, word_end(utf8, end + 1) - end - 1)))
                end = word_end(utf8, end + 1);
            out.append(encode_run(utf8.substr(at, end - at)));
        }
        if (end < utf8.size()) out += ' ';
        at = end + 1;
    }
    return out;
}

result<std::string> encode_phrase(std::string_view utf8)
{
    if (!is_utf8(utf8)) return message_errc::bad_encoding;
    if (has_control(utf8)) return message_errc::bad_header_value;
    return encode_run(utf8);
}
}
