// relay/smtp/wire/text.hpp: small ASCII helpers and the cursor shared by the grammars. No locale, no allocation.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mime/text/ascii.hpp"

namespace relay::smtp {
using mime::is_alnum;
using mime::is_digit;
using mime::to_lower;
[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    return mime::same_text(a, b);
}
[[nodiscard]] constexpr bool has_line_end(std::string_view text) noexcept
{
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

[[nodiscard]] constexpr bool is_printable(std::string_view text) noexcept
{
    for (const char c : text) {
        if (c < 0x20 || c > 0x7e) return false;
    }
    return true;
}

// Moves over text; accept_x moves only if it matched.
class cursor {
public:
    constexpr explicit cursor(std::string_view text) noexcept : rest_(text) {}
    [[nodiscard]] constexpr bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] constexpr std::string_view rest() const noexcept { return rest_; }
    constexpr bool accept(char c) noexcept
    {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    constexpr bool accept_word(std::string_view word) noexcept
    {
        if (!equals_ignoring_case(rest_.substr(0, word.size()), word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    constexpr std::string_view take_until(char c) noexcept
    {
        const std::size_t length = std::min(rest_.find(c), rest_.size());
        const std::string_view taken = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return taken;
    }
    // Decimal, 1 to max_digits digits (at most 18: no overflow).
    constexpr std::optional<std::uint64_t> accept_number(std::size_t max_digits) noexcept
    {
        std::uint64_t value = 0;
        std::size_t length = 0;
        while (length < rest_.size() && is_digit(rest_[length])) {
            if (++length > max_digits) return std::nullopt;
            value = value * 10 + static_cast<std::uint64_t>(rest_[length - 1] - '0');
        }
        if (length == 0) return std::nullopt;
        rest_.remove_prefix(length);
        return value;
    }

private:
    std::string_view rest_;
};
}
