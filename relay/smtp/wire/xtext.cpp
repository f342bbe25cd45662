#include "relay/smtp/wire/xtext.hpp"

#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
// RFC 3461 §4: "!" to "~" but "+" and "=" stand for themselves, any other octet is "+" and two upper-case hex digits.
std::string write_xtext(std::string_view plain)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : plain) {
        if (c >= '!' && c <= '~' && c != '+' && c != '=') {
            encoded += c;
            continue;
        }
        const auto octet = static_cast<unsigned char>(c);
        encoded += '+';
        encoded += digits[octet >> 4U];
        encoded += digits[octet & 15U];
    }
    return encoded;
}

result<std::string> read_xtext(std::string_view encoded)
{
    const auto digit = [](char c) { return is_digit(c) ? c - '0' : (c >= 'A' && c <= 'F') ? c - 'A' + 10 : -1; };
    std::string plain;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        const char c = encoded[i];
        if (c < '!' || c > '~' || c == '=') return make_error_code(wire_errc::bad_xtext);
        if (c != '+') {
            plain += c;
            continue;
        }
        if (encoded.size() - i < 3) return make_error_code(wire_errc::bad_xtext);
        const int high = digit(encoded[i + 1]);
        const int low = digit(encoded[i + 2]);
        if (high < 0 || low < 0) return make_error_code(wire_errc::bad_xtext);
        plain += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return plain;
}
}
