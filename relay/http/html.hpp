// relay/http/html.hpp: HTML as it is put together: what is written as it stands is a constant of the program, checked
// at compile time; everything else goes through escape(). Pure.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace relay::http {
// For text and for values of quoted attributes: & < > " '. Control characters become U+FFFD, but tab and line feed.
[[nodiscard]] std::string escape(std::string_view text);

// A literal of the source: nothing that is only known when the program runs can become one.
class markup {
public:
    consteval markup(const char* literal) : text_(literal) {}  // NOLINT(google-explicit-constructor): literals only
    [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }

private:
    std::string_view text_;
};

class html {
public:
    html& operator<<(markup fixed)
    {
        octets_ += fixed.text();
        return *this;
    }
    html& operator<<(const html& part)
    {
        octets_ += part.octets_;
        return *this;
    }
    html& text(std::string_view value)
    {
        octets_ += escape(value);
        return *this;
    }
    // " name="value"", with its blank before.
    html& attribute(markup name, std::string_view value);
    [[nodiscard]] const std::string& octets() const noexcept { return octets_; }
    [[nodiscard]] bool empty() const noexcept { return octets_.empty(); }

private:
    std::string octets_;
};

// A value of a query string: all but RFC 3986's unreserved characters is percent-encoded.
[[nodiscard]] std::string url_value(std::string_view text);

// As French typography has them: thousands apart by a narrow space, a comma for decimals.
[[nodiscard]] std::string number_text(std::int64_t value);                                 // "12 345"
[[nodiscard]] std::string percent_text(std::int64_t numerator, std::int64_t denominator);  // "83,3 %"; "–" of none
}
