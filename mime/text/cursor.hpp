// mime/text/cursor.hpp: a reading position in a text. accept_x moves only if it matched; nothing reads past the end.
// Borrows the text: keep it alive as long as the cursor and what it returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace mime {
class cursor {
public:
    constexpr explicit cursor(std::string_view text) noexcept : text_(text) {}

    [[nodiscard]] constexpr bool at_end() const noexcept { return offset_ == text_.size(); }
    [[nodiscard]] constexpr std::size_t offset() const noexcept { return offset_; }
    [[nodiscard]] constexpr std::string_view rest() const noexcept { return text_.substr(offset_); }

    constexpr bool accept(char c) noexcept
    {
        if (at_end() || text_[offset_] != c) return false;
        ++offset_;
        return true;
    }

    constexpr bool accept_literal(std::string_view literal) noexcept
    {
        if (!rest().starts_with(literal)) return false;
        offset_ += literal.size();
        return true;
    }

    // Between min_digits and max_digits decimal digits, as many as there are; what follows is not looked at.
    // nullopt too if the value does not fit 64 bits.
    constexpr std::optional<std::uint64_t> accept_number(std::size_t min_digits, std::size_t max_digits) noexcept
    {
        constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
        std::uint64_t value = 0;
        std::size_t digits = 0;
        for (; digits < max_digits && digits < rest().size(); ++digits) {
            const char c = text_[offset_ + digits];
            if (c < '0' || c > '9') break;
            const auto digit = static_cast<std::uint64_t>(c - '0');
            if (value > (largest - digit) / 10) return std::nullopt;
            value = value * 10 + digit;
        }
        if (digits == 0 || digits < min_digits) return std::nullopt;
        offset_ += digits;
        return value;
    }

    // The text before the next `stop`, or all the rest; the cursor then stands on `stop` or at the end.
    constexpr std::string_view take_until(char stop) noexcept
    {
        const std::string_view left = rest();
        const std::string_view taken = left.substr(0, left.find(stop));
        offset_ += taken.size();
        return taken;
    }

    // The next `size` octets, or what is left of them.
    constexpr std::string_view take(std::size_t size) noexcept
    {
        const std::string_view taken = rest().substr(0, size);
        offset_ += taken.size();
        return taken;
    }

private:
    std::string_view text_;
    std::size_t offset_ = 0;
};
}
