// relay/imap/wire/cursor.hpp: a cursor over one command (RFC 3501 §9). accept_x moves only if it matched. Borrows the
// text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace relay::imap {
// RFC 3501 §9 atom-char: no ( ) { SP CTL % * " \ ] and nothing above 127.
[[nodiscard]] constexpr bool is_atom_char(char c)
{
    return c > ' ' && c < 0x7f && std::string_view("(){%*\"\\]").find(c) == std::string_view::npos;
}
[[nodiscard]] constexpr bool is_astring_char(char c)
{
    return is_atom_char(c) || c == ']';
}
[[nodiscard]] constexpr bool is_list_char(char c)
{
    return is_astring_char(c) || c == '%' || c == '*';
}
[[nodiscard]] constexpr char to_upper(char c)
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
[[nodiscard]] std::string upper(std::string_view text);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

class cursor {
public:
    explicit cursor(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
    [[nodiscard]] std::string_view rest() const { return rest_; }
    bool accept(char c);
    bool accept_word(std::string_view upper_case);  // whatever the case; the caller looks at what follows
    [[nodiscard]] std::string_view accept_while(bool (*wanted)(char));  // empty if the next one is not wanted
    [[nodiscard]] std::optional<std::uint32_t> accept_number();         // 0 to 2^32-1, digits only
    [[nodiscard]] std::optional<std::uint32_t> accept_nonzero();
    [[nodiscard]] std::optional<std::string> accept_string();  // quoted or literal
    [[nodiscard]] std::optional<std::string> accept_astring();
    [[nodiscard]] std::optional<std::string> accept_mailbox();       // an astring; INBOX in capitals
    [[nodiscard]] std::optional<std::string> accept_list_mailbox();  // with % and *

private:
    [[nodiscard]] std::optional<std::string> accept_quoted();
    [[nodiscard]] std::optional<std::string> accept_literal();
    std::string_view rest_;
};
}
