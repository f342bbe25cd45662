#include "relay/smtp/wire/path.hpp"

#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
namespace {
constexpr bool is_atext(char c) noexcept
{
    return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_string(std::string_view text) noexcept
{
    if (text.empty() || text.front() == '.' || text.back() == '.') return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '.' ? text[i - 1] == '.' : !is_atext(text[i])) return false;
    }
    return true;
}

// Length of the quoted string at the start of text, 0 if there is none.
std::size_t quoted_length(std::string_view text) noexcept
{
    if (text.empty() || text.front() != '"') return 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') return i + 1;
        if (text[i] == '\\' && ++i == text.size()) return 0;
        if (text[i] < 0x20 || text[i] > 0x7e) return 0;
    }
    return 0;
}

bool is_address_literal(std::string_view text) noexcept
{
    if (text.size() < 3 || text.front() != '[' || text.back() != ']') return false;
    for (const char c : text.substr(1, text.size() - 2)) {
        if (!is_alnum(c) && c != '.' && c != ':' && c != '-') return false;
    }
    return true;
}

enum class underscore { refused, tolerated };
bool is_domain_name(std::string_view text, underscore policy) noexcept
{
    std::size_t label = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '.') {
            if (label == 0 || text[i - 1] == '-') return false;
            label = 0;
            continue;
        }
        const bool known =
            is_alnum(text[i]) || (text[i] == '-' && label > 0) || (text[i] == '_' && policy == underscore::tolerated);
        if (!known || ++label > 63) return false;
    }
    return label > 0 && text.back() != '-' && text.size() <= 255;
}

// Length of "<...>" at the start of text, quoted strings respected; 0 if it is not closed.
std::size_t path_length(std::string_view text) noexcept
{
    if (text.empty() || text.front() != '<') return 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '>') return i + 1;
        if (text[i] != '"') continue;
        const std::size_t quoted = quoted_length(text.substr(i));
        if (quoted == 0) return 0;
        i += quoted - 1;
    }
    return 0;
}
}

result<path_and_rest> split_path(std::string_view argument, std::string_view keyword) noexcept
{
    constexpr std::size_t max_path_octets = 256;  // with its brackets, RFC 5321 §4.5.3.1.3
    cursor in(argument);
    if (!in.accept_word(keyword) || !in.accept(':')) return make_error_code(wire_errc::bad_syntax);
    while (in.accept(' ')) {
    }
    const std::size_t length = path_length(in.rest());
    if (length == 0 || length > max_path_octets) return make_error_code(wire_errc::bad_path);
    std::string_view path = in.rest().substr(1, length - 2);
    if (!path.empty() && path.front() == '@') {  // "@a,@b:user@c"
        const std::size_t colon = path.find(':');
        if (colon == std::string_view::npos) return make_error_code(wire_errc::bad_path);
        path.remove_prefix(colon + 1);
        if (path.empty()) return make_error_code(wire_errc::bad_path);
    }
    return path_and_rest{path, in.rest().substr(length)};
}

bool is_mailbox(std::string_view text) noexcept
{
    const std::size_t quoted = quoted_length(text);
    const std::size_t at = quoted != 0 ? quoted : text.find('@');
    if (at == std::string_view::npos || at >= text.size() || text[at] != '@' || at > 64) return false;
    if (quoted == 0 && !is_dot_string(text.substr(0, at))) return false;
    const std::string_view domain = text.substr(at + 1);
    return is_domain_name(domain, underscore::refused) || is_address_literal(domain);
}

bool is_host_argument(std::string_view text) noexcept
{
    return text.size() <= 255 && (is_domain_name(text, underscore::tolerated) || is_address_literal(text));
}
}
