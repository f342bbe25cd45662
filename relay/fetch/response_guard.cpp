#include "relay/fetch/response_guard.hpp"

#include <algorithm>
#include <utility>

#include "mime/text/ascii.hpp"

namespace relay::fetch {
void response_guard::expect(const response_limits& limits, continuation plus)
{
    limits_ = limits;
    plus_ = plus;
    octets_ = 0;
}

void response_guard::begin_line()
{
    head_size_ = 0;
    kind_ = line_kind::unknown;
    depth_ = 0;
}

result<void> response_guard::feed(std::string_view octets)
{
    if (octets.size() > limits_.response_octets - std::min(octets_, limits_.response_octets))
        return make_error_code(errc::response_too_large);
    octets_ += octets.size();
    while (!octets.empty()) {
        if (literal_left_ > 0) {
            const auto within = static_cast<std::size_t>(std::min<std::uint64_t>(literal_left_, octets.size()));
            literal_left_ -= within;
            octets.remove_prefix(within);
            continue;
        }
        if (auto taken = take(octets.front()); !taken.has_value()) return taken;
        octets.remove_prefix(1);
    }
    return {};
}

response_guard::line_kind response_guard::kind_of_head() const
{
    std::string_view head(head_, head_size_);
    if (!head.starts_with("* ")) return line_kind::other;
    head.remove_prefix(2);
    const auto digits = std::find_if_not(head.begin(), head.end(), mime::is_digit) - head.begin();
    head.remove_prefix(static_cast<std::size_t>(digits));
    return digits > 0 && head.starts_with(" FETCH ") ? line_kind::fetch : line_kind::other;
}

result<void> response_guard::take(char c)
{
    if (c == '\n') return end_line();
    if (c == '\0') return make_error_code(errc::protocol_error);
    if (++line_ > limits_.line_octets) return make_error_code(errc::response_too_large);
    if (c == '\r') return {};
    if (kind_ == line_kind::unknown) {
        head_[head_size_++] = mime::to_upper(c);
        const std::string_view head(head_, head_size_);
        if (head == "* BYE") return make_error_code(errc::server_closing);
        if (head == "+" && plus_ == continuation::refusal) return make_error_code(errc::login_refused);
        if (head_size_ == head_octets || head.ends_with(" FETCH ")) kind_ = kind_of_head();
    }
    if (quoted_) {
        if (escaped_)
            escaped_ = false;
        else if (c == '\\')
            escaped_ = true;
        else if (c == '"')
            quoted_ = false;
        return {};
    }
    if (c == '"' && kind_ == line_kind::fetch) quoted_ = true;  // elsewhere it is a mark in somebody's words
    if (c == '(' && ++depth_ > limits_.depth) return make_error_code(errc::response_too_large);
    if (c == ')') depth_ = std::max(depth_ - 1, 0);
    if (c == '{') {
        brace_ = brace::open;
        brace_value_ = 0;
        brace_digits_ = 0;
    } else if (brace_ == brace::open && mime::is_digit(c)) {
        // Eleven digits are no size of RFC 3501 §9, and nobody says what a reader behind us makes of them.
        if (brace_digits_ == 10) return make_error_code(errc::protocol_error);
        brace_value_ = brace_value_ * 10 + static_cast<std::uint64_t>(c - '0');
        ++brace_digits_;
    } else {
        brace_ = brace_ == brace::open && c == '}' && brace_digits_ > 0 ? brace::closed : brace::none;
    }
    return {};
}

result<void> response_guard::end_line()
{
    if (quoted_) return make_error_code(errc::protocol_error);
    line_ = 0;
    if (std::exchange(brace_, brace::none) != brace::closed) {
        begin_line();
        return {};
    }
    if (kind_ != line_kind::fetch) return make_error_code(errc::protocol_error);
    if (brace_value_ > limits_.literal_octets) return make_error_code(errc::response_too_large);
    literal_left_ = brace_value_;  // the response goes on behind it
    return {};
}
}
