#include "mime/text/charset.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace mime {
namespace {
constexpr std::uint64_t high_bits = 0x8080808080808080ULL;

// Octets of ASCII at the start, a multiple of 32: four words at once are what the compiler makes vectors of.
std::size_t ascii_prefix(std::string_view octets) noexcept
{
    std::size_t at = 0;
    for (; octets.size() - at >= 32; at += 32) {
        std::array<std::uint64_t, 4> words{};
        std::memcpy(words.data(), octets.data() + at, 32);
        if (((words[0] | words[1] | words[2] | words[3]) & high_bits) != 0) break;
    }
    return at;
}

// Octets of the well-formed sequence at the start of `octets`, which is not empty; 0 if there is none (RFC 3629 §4).
std::size_t sequence_size(std::string_view octets) noexcept
{
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(octets[i]); };
    const unsigned char lead = at(0);
    if (lead < 0x80) return 1;
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || octets.size() < size) return 0;
    const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;   // no overlong form
    const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;  // no surrogate, no U+110000
    if (at(1) < low || at(1) > high) return 0;
    for (std::size_t i = 2; i < size; ++i) {
        if ((at(i) & 0xc0) != 0x80) return 0;
    }
    return size;
}

// `sequence` is well-formed.
char32_t code_point(std::string_view sequence) noexcept
{
    const auto lead = static_cast<unsigned char>(sequence[0]);
    constexpr std::array<unsigned char, 5> masks = {0, 0x7f, 0x1f, 0x0f, 0x07};
    char32_t point = lead & masks[sequence.size()];
    for (const char c : sequence.substr(1)) point = (point << 6) | (static_cast<unsigned char>(c) & 0x3f);
    return point;
}

void append_two_or_three(std::string& out, unsigned point)
{
    if (point < 0x800) {
        out += static_cast<char>(0xc0 | (point >> 6));
    } else {
        out += static_cast<char>(0xe0 | (point >> 12));
        out += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    }
    out += static_cast<char>(0x80 | (point & 0x3f));
}

// ISO-8859-15 is Unicode's first row but for these eight.
unsigned latin9_point(unsigned char octet) noexcept
{
    switch (octet) {
        case 0xa4: return 0x20ac;  // euro
        case 0xa6: return 0x160;   // S caron
        case 0xa8: return 0x161;   // s caron
        case 0xb4: return 0x17d;   // Z caron
        case 0xb8: return 0x17e;   // z caron
        case 0xbc: return 0x152;   // OE
        case 0xbd: return 0x153;   // oe
        case 0xbe: return 0x178;   // Y diaeresis
        default: return octet;
    }
}

// Windows-1252 is ISO-8859-1 but for 0x80 to 0x9F; 0: no character.
constexpr std::array<std::uint16_t, 32> windows_points = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

// U+00C0 to U+017F, letters without ligatures: '?' where ligatures() or nothing applies.
constexpr std::string_view letters =
    "AAAAAA?CEEEEIIII?NOOOOO?OUUUUY??aaaaaa?ceeeeiiii?nooooo?ouuuuy?y"   // U+00C0
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi??JjKkkLlLlLlLl"  // U+0100
    "LlNnNnNn???OoOoOo??RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";   // U+0141
static_assert(letters.size() == 0x180 - 0xc0);

struct replacement {
    char32_t point;
    std::string_view ascii;
};
constexpr std::array replacements = {
    replacement{0xa0, " "},    replacement{0xab, "\""},   replacement{0xb0, "o"},     replacement{0xb4, "'"},
    replacement{0xb7, "."},    replacement{0xbb, "\""},   replacement{0xc6, "AE"},    replacement{0xd0, "D"},
    replacement{0xd7, "x"},    replacement{0xde, "TH"},   replacement{0xdf, "ss"},    replacement{0xe6, "ae"},
    replacement{0xf0, "d"},    replacement{0xfe, "th"},   replacement{0x132, "IJ"},   replacement{0x133, "ij"},
    replacement{0x149, "'n"},  replacement{0x14a, "N"},   replacement{0x14b, "n"},    replacement{0x152, "OE"},
    replacement{0x153, "oe"},  replacement{0x1e9e, "SS"}, replacement{0x2010, "-"},   replacement{0x2011, "-"},
    replacement{0x2012, "-"},  replacement{0x2013, "-"},  replacement{0x2014, "-"},   replacement{0x2018, "'"},
    replacement{0x2019, "'"},  replacement{0x201a, "'"},  replacement{0x201c, "\""},  replacement{0x201d, "\""},
    replacement{0x201e, "\""}, replacement{0x2022, "*"},  replacement{0x2026, "..."}, replacement{0x202f, " "},
    replacement{0x2039, "'"},  replacement{0x203a, "'"},  replacement{0x20ac, "EUR"}, replacement{0x2212, "-"},
};
static_assert(std::is_sorted(replacements.begin(), replacements.end(),
                             [](const replacement& a, const replacement& b) { return a.point < b.point; }));

void append_folded(std::string& out, char32_t point)
{
    if (point >= 0x300 && point <= 0x36f) return;  // combining accents: the letter before them is already written
    const auto* const found = std::lower_bound(replacements.begin(), replacements.end(), point,
                                               [](const replacement& r, char32_t p) { return r.point < p; });
    if (found != replacements.end() && found->point == point) {
        out += found->ascii;
    } else if (point >= 0xc0 && point < 0x180) {
        out += letters[point - 0xc0];
    } else {
        out += '?';
    }
}
}

bool is_utf8(std::string_view octets) noexcept
{
    while (!octets.empty()) {
        octets.remove_prefix(ascii_prefix(octets));
        // Among the next 32 there is another character, or they are the last.
        for (const std::size_t stop = octets.size() - std::min<std::size_t>(octets.size(), 32); octets.size() > stop;) {
            const std::size_t size = sequence_size(octets);
            if (size == 0) return false;
            octets.remove_prefix(size);
        }
    }
    return true;
}

std::string latin9_to_utf8(std::string_view octets)
{
    std::string out;
    out.reserve(octets.size() + octets.size() / 16);
    while (!octets.empty()) {
        const std::size_t plain = ascii_prefix(octets);
        out += octets.substr(0, plain);
        octets.remove_prefix(plain);
        for (std::size_t left = std::min<std::size_t>(octets.size(), 32); left > 0; --left, octets.remove_prefix(1)) {
            const auto octet = static_cast<unsigned char>(octets.front());
            if (octet < 0x80) {
                out += octets.front();
            } else {
                append_two_or_three(out, latin9_point(octet));
            }
        }
    }
    return out;
}

std::optional<std::string> windows_1252_to_utf8(std::string_view octets)
{
    std::string out;
    out.reserve(octets.size() + octets.size() / 16);
    for (const char c : octets) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x80) {
            out += c;
            continue;
        }
        const unsigned point = octet < 0xa0 ? windows_points[octet - 0x80U] : octet;
        if (point == 0) return std::nullopt;
        append_two_or_three(out, point);
    }
    return out;
}

std::string ascii_fold(std::string_view utf8)
{
    std::string out;
    out.reserve(utf8.size());
    while (!utf8.empty()) {
        const std::size_t size = sequence_size(utf8);
        if (size == 1) {
            out += utf8[0];
        } else if (size == 0) {
            out += '?';
        } else {
            append_folded(out, code_point(utf8.substr(0, size)));
        }
        utf8.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out;
}

bool has_control(std::string_view utf8) noexcept
{
    unsigned char before = 0;
    for (const char c : utf8) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet == 0x7f) return true;
        if (before == 0xc2 && octet >= 0x80 && octet < 0xa0) return true;
        before = octet;
    }
    return false;
}

std::string xml_escape(std::string_view utf8)
{
    std::string out;
    out.reserve(utf8.size() + utf8.size() / 16);
    for (const char c : utf8) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&apos;"; break;
            case '\t':
            case '\n':
            case '\r': out += c; break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += "\xef\xbf\xbd";
                } else {
                    out += c;
                }
        }
    }
    return out;
}
}
