#include "relay/imap/wire/cursor.hpp"

#include <algorithm>
#include <charconv>

namespace relay::imap {
std::string upper(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), to_upper);
    return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b)
{
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_upper(x) == to_upper(y); });
}

bool cursor::accept(char c)
{
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
}

bool cursor::accept_word(std::string_view upper_case)
{
    if (!equals_ignoring_case(rest_.substr(0, upper_case.size()), upper_case)) return false;
    rest_.remove_prefix(upper_case.size());
    return true;
}

std::string_view cursor::accept_while(bool (*wanted)(char))
{
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), wanted);
    const auto taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
}

std::optional<std::uint32_t> cursor::accept_number()
{
    std::uint32_t value = 0;
    const auto [end, ec] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (ec != std::errc{}) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
}

std::optional<std::uint32_t> cursor::accept_nonzero()
{
    if (peek() == '0') return std::nullopt;  // RFC 3501 §9 nz-number has no leading zero either
    return accept_number();
}

std::optional<std::string> cursor::accept_quoted()
{
    std::string out;
    for (std::size_t at = 1; at < rest_.size(); ++at) {
        char c = rest_[at];
        if (c == '"') {
            rest_.remove_prefix(at + 1);
            return out;
        }
        if (c == '\\') {
            if (++at >= rest_.size()) return std::nullopt;
            c = rest_[at];
            if (c != '"' && c != '\\') return std::nullopt;
        }
        if (c == '\r' || c == '\n' || c == '\0') return std::nullopt;
        out.push_back(c);  // octets above 127 pass: clients send UTF-8 passwords so, though RFC 3501 asks for a literal
    }
    return std::nullopt;
}

std::optional<std::string> cursor::accept_literal()
{
    cursor ahead(rest_);
    if (!ahead.accept('{')) return std::nullopt;
    const auto size = ahead.accept_number();
    if (!size || !ahead.accept('}') || !ahead.accept('\r') || !ahead.accept('\n')) return std::nullopt;
    if (ahead.rest_.size() < *size) return std::nullopt;
    const auto value = ahead.rest_.substr(0, *size);
    if (value.find('\0') != std::string_view::npos) return std::nullopt;  // RFC 3501 §9 CHAR8
    rest_ = ahead.rest_.substr(*size);
    return std::string(value);
}

std::optional<std::string> cursor::accept_string()
{
    return peek() == '"' ? accept_quoted() : accept_literal();
}

std::optional<std::string> cursor::accept_astring()
{
    if (const auto atom = accept_while(is_astring_char); !atom.empty()) return std::string(atom);
    return accept_string();
}

std::optional<std::string> cursor::accept_mailbox()
{
    auto name = accept_astring();
    if (name && equals_ignoring_case(*name, "INBOX")) name = "INBOX";  // RFC 3501 §5.1
    return name;
}

std::optional<std::string> cursor::accept_list_mailbox()
{
    if (const auto pattern = accept_while(is_list_char); !pattern.empty()) return std::string(pattern);
    return accept_string();
}
}
