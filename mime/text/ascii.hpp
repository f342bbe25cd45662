// mime/text/ascii.hpp: letters, digits and blanks of ASCII, whatever the locale; every other octet is none of them and
// is kept as it is. Pure, any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace mime {
[[nodiscard]] constexpr char to_lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] constexpr char to_upper(char c) noexcept
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

[[nodiscard]] constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_alnum(char c) noexcept
{
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}
[[nodiscard]] constexpr bool is_wsp(char c) noexcept
{
    return c == ' ' || c == '\t';
}
[[nodiscard]] constexpr bool is_8bit(char c) noexcept
{
    return static_cast<unsigned char>(c) > 127;
}
[[nodiscard]] constexpr bool is_control(char c) noexcept
{
    return static_cast<unsigned char>(c) < 32 || c == 127;
}

[[nodiscard]] constexpr bool same_text(std::string_view a, std::string_view b) noexcept
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

[[nodiscard]] constexpr bool starts_with_text(std::string_view text, std::string_view prefix) noexcept
{
    return text.size() >= prefix.size() && same_text(text.substr(0, prefix.size()), prefix);
}

[[nodiscard]] inline std::string lower(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), to_lower);
    return out;
}

[[nodiscard]] inline std::string upper(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), to_upper);
    return out;
}

// Without SP, TAB, CR, LF at both ends.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept
{
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}
}
