#include "mime/text/base64.hpp"

#include "mime/text/errc.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mime {
namespace {
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t blank = 64;
constexpr std::uint8_t padding = 65;
constexpr std::uint8_t invalid = 66;
constexpr std::uint32_t bad_group = 0xff000000U;

constexpr auto values = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(invalid);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    for (const char c : std::string_view(" \t\r\n")) table[static_cast<unsigned char>(c)] = blank;
    table['='] = padding;
    return table;
}();

// Each of the four tables holds the value already shifted to its place in the group, so that a group of clean
// characters costs four loads and three ORs; anything else sets the top octet and takes the slow path.
constexpr auto shifted = [] {
    std::array<std::array<std::uint32_t, 256>, 4> tables{};
    for (unsigned place = 0; place < 4; ++place) {
        for (unsigned c = 0; c < 256; ++c) {
            tables[place][c] = values[c] < 64 ? std::uint32_t{values[c]} << (18 - 6 * place) : bad_group;
        }
    }
    return tables;
}();

// Two characters for each 12 bits.
constexpr auto pairs = [] {
    std::array<std::array<char, 2>, 4096> table{};
    for (unsigned i = 0; i < 4096; ++i) table[i] = {alphabet[i >> 6], alphabet[i & 63]};
    return table;
}();

char* put_octets(char* out, std::uint32_t group)
{
    out[0] = static_cast<char>(group >> 16);
    out[1] = static_cast<char>(group >> 8);
    out[2] = static_cast<char>(group);
    return out + 3;
}

struct position {
    const unsigned char* in;
    char* out;
};

struct unencoded {
    const unsigned char* in;
    std::size_t octets;
    char* out;
};

// Groups of four clean characters, up to the first that is not.
position decode_groups(position at, const unsigned char* end)
{
    while (end - at.in >= 4) {
        const std::uint32_t four =
            shifted[0][at.in[0]] | shifted[1][at.in[1]] | shifted[2][at.in[2]] | shifted[3][at.in[3]];
        if (four >= bad_group) break;
        at.out = put_octets(at.out, four);
        at.in += 4;
    }
    return at;
}

#if defined(__x86_64__)
// The same, 32 characters at a time (W. Muła, D. Lemire: Faster Base64 Encoding and Decoding using AVX2 Instructions,
// 2018). Writes 32 octets for 24, so it stops while 44 characters are left, whose octets are room enough.
__attribute__((target("avx2"))) position decode_blocks(position at, const unsigned char* end)
{
    // Two nibbles of a character look up sets of bits that have one in common exactly when it is not in the alphabet.
    const __m256i low_sets = _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a,
                                              0x1b, 0x1b, 0x1b, 0x1a, 0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                              0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
    const __m256i high_sets = _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10,
                                               0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08,
                                               0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    // What to add to a character to get its value, by its upper nibble; '/' has a place of its own.
    const __m256i offsets = _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0,  //
                                             0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i slash = _mm256_set1_epi8(0x2f);  // also leaves of each octet what a look-up reads of it
    const __m256i three_of_four = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,  //
                                                   2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1);
    while (end - at.in >= 32 + 12) {
        __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at.in));
        const __m256i high = _mm256_and_si256(_mm256_srli_epi32(block, 4), slash);
        const __m256i low = _mm256_and_si256(block, slash);
        if (_mm256_testz_si256(_mm256_shuffle_epi8(low_sets, low), _mm256_shuffle_epi8(high_sets, high)) == 0) break;
        const __m256i is_slash = _mm256_cmpeq_epi8(block, slash);
        block = _mm256_add_epi8(block, _mm256_shuffle_epi8(offsets, _mm256_add_epi8(is_slash, high)));
        block = _mm256_maddubs_epi16(block, _mm256_set1_epi32(0x01400140));  // pairs of 6 bits
        block = _mm256_madd_epi16(block, _mm256_set1_epi32(0x00011000));     // pairs of 12 bits
        block = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(block, three_of_four), together);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(at.out), block);
        at.in += 32;
        at.out += 24;
    }
    return at;
}

// 24 octets to 32 characters, by the same authors. Reads 28 octets, so it stops while fewer are left.
__attribute__((target("avx2"))) unencoded encode_blocks(unencoded at)
{
    const __m256i two_in_four = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,  //
                                                 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    // What to add to a value to get its character, by the range it is in.
    const __m256i offsets = _mm256_setr_epi8(71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0,  //
                                             71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0);
    for (; at.octets >= 28; at.in += 24, at.octets -= 24, at.out += 32) {
        const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at.in));
        const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at.in + 12));
        const __m256i block = _mm256_shuffle_epi8(_mm256_set_m128i(second, first), two_in_four);
        const __m256i odd =
            _mm256_mulhi_epu16(_mm256_and_si256(block, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
        const __m256i even =
            _mm256_mullo_epi16(_mm256_and_si256(block, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
        const __m256i value = _mm256_or_si256(odd, even);
        const __m256i upper_case = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), value);
        const __m256i range = _mm256_or_si256(_mm256_subs_epu8(value, _mm256_set1_epi8(51)),
                                              _mm256_and_si256(upper_case, _mm256_set1_epi8(13)));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(at.out),
                            _mm256_add_epi8(_mm256_shuffle_epi8(offsets, range), value));
    }
    return at;
}

const bool has_blocks = __builtin_cpu_supports("avx2") != 0;
#else
unencoded encode_blocks(unencoded at)
{
    return at;
}

constexpr bool has_blocks = false;
position decode_blocks(position at, const unsigned char*)
{
    return at;
}
#endif

char* encode_piece(char* out, const unsigned char* in, std::size_t size)
{
    if (has_blocks) {
        const unencoded rest = encode_blocks({in, size, out});
        in = rest.in;
        size = rest.octets;
        out = rest.out;
    }
    for (; size >= 3; size -= 3, in += 3) {
        const std::uint32_t group = (std::uint32_t{in[0]} << 16) | (std::uint32_t{in[1]} << 8) | in[2];
        const auto& high = pairs[group >> 12];
        const auto& low = pairs[group & 0xfff];
        out[0] = high[0];
        out[1] = high[1];
        out[2] = low[0];
        out[3] = low[1];
        out += 4;
    }
    if (size == 0) return out;
    const std::uint32_t group = (std::uint32_t{in[0]} << 16) | (size == 2 ? std::uint32_t{in[1]} << 8 : 0U);
    *out++ = alphabet[group >> 18];
    *out++ = alphabet[(group >> 12) & 63];
    *out++ = size == 2 ? alphabet[(group >> 6) & 63] : '=';
    *out++ = '=';
    return out;
}
}

std::string base64_encode(std::string_view octets, std::size_t line_length)
{
    std::string text;
    append_base64(text, octets, line_length);
    return text;
}

void append_base64(std::string& text, std::string_view octets, std::size_t line_length)
{
    if (octets.empty()) return;
    constexpr std::size_t piece_octets = 768;  // as a line's, a multiple of 3
    constexpr std::size_t flush_octets = 4096;
    const std::size_t all = (octets.size() + 2) / 3 * 4;
    const std::size_t line = line_length == 0 ? all : std::max<std::size_t>(line_length / 4 * 4, 4);
    const std::size_t lines = line_length == 0 ? 0 : (all + line - 1) / line;
    text.reserve(text.size() + all + 2 * lines);
    // By way of a buffer that stays in the nearest cache: growing the string itself would write each octet twice.
    std::array<char, flush_octets + piece_octets / 3 * 4 + 2> buffer;
    const auto* in = reinterpret_cast<const unsigned char*>(octets.data());
    char* out = buffer.data();
    std::size_t in_line = 0;
    for (std::size_t left = octets.size(); left > 0;) {
        const std::size_t now = std::min({left, piece_octets, line / 4 * 3 - in_line});
        out = encode_piece(out, in, now);
        in += now;
        left -= now;
        in_line += now;
        if (lines != 0 && (left == 0 || in_line == line / 4 * 3)) {
            *out++ = '\r';
            *out++ = '\n';
            in_line = 0;
        }
        const auto held = static_cast<std::size_t>(out - buffer.data());
        if (left != 0 && held < flush_octets) continue;
        text.append(buffer.data(), held);
        out = buffer.data();
    }
}

result<std::string> base64_decode(std::string_view text)
{
    std::string octets(text.size() / 4 * 3 + 3, '\0');
    const auto* in = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = in + text.size();
    char* out = octets.data();
    std::uint32_t group = 0;
    unsigned held = 0;  // characters in group
    bool padded = false;
    while (in != end) {
        if (held == 0 && !padded) {
            position at{in, out};
            if (has_blocks) at = decode_blocks(at, end);
            at = decode_groups(at, end);
            in = at.in;
            out = at.out;
            if (in == end) break;
        }
        const std::uint8_t value = values[*in++];
        if (value == blank) continue;
        if (value == padding) {
            padded = true;
            continue;
        }
        if (value == invalid || padded) return text_errc::base64_character;
        group = (group << 6) | value;
        if (++held == 4) {
            out = put_octets(out, group);
            group = 0;
            held = 0;
        }
    }
    if (held == 1) return text_errc::base64_length;
    if (held >= 2) *out++ = static_cast<char>(held == 2 ? group >> 4 : group >> 10);
    if (held == 3) *out++ = static_cast<char>(group >> 2);
    octets.resize(static_cast<std::size_t>(out - octets.data()));
    return octets;
}
}
