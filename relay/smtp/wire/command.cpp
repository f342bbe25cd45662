#include "relay/smtp/wire/command.hpp"

#include <array>
#include <utility>

#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
namespace {
constexpr std::size_t max_envid_octets = 100;
constexpr std::size_t max_orcpt_octets = 500;

constexpr std::array<std::pair<std::string_view, verb>, 14> verbs{{
    {"HELO", verb::helo},
    {"EHLO", verb::ehlo},
    {"STARTTLS", verb::starttls},
    {"MAIL", verb::mail},
    {"RCPT", verb::rcpt},
    {"DATA", verb::data},
    {"RSET", verb::rset},
    {"NOOP", verb::noop},
    {"VRFY", verb::vrfy},
    {"EXPN", verb::expn},
    {"HELP", verb::help},
    {"QUIT", verb::quit},
    {"AUTH", verb::auth},
    {"BDAT", verb::bdat},
}};

std::string_view without_trailing_blanks(std::string_view text) noexcept
{
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool is_printable(std::string_view text) noexcept
{
    for (const char c : text) {
        if (c < 0x20 || c > 0x7e) return false;
    }
    return true;
}

template <class T>
bool set_once(std::optional<T>& field, T value)
{
    if (field) return false;
    field = value;
    return true;
}

error_code read_text(std::string_view value, std::size_t max_octets, std::string& into)
{
    if (!into.empty() || value.empty() || value.size() > max_octets) return wire_errc::bad_parameter;
    auto plain = read_xtext(value);
    if (!plain.has_value() || !is_printable(*plain)) return wire_errc::bad_parameter;
    into = std::move(*plain);
    return {};
}

error_code read_mail_parameter(std::string_view keyword, std::string_view value, mail_arguments& into)
{
    const auto done = [](bool fine) -> error_code { return fine ? error_code{} : wire_errc::bad_parameter; };
    if (equals_ignoring_case(keyword, "SIZE")) {
        cursor in(value);
        const auto size = in.accept_number(18);  // RFC 1870 allows 20 digits: no mail of ours is that large
        return done(size && in.at_end() && set_once(into.size_octets, *size));
    }
    if (equals_ignoring_case(keyword, "BODY")) {
        if (equals_ignoring_case(value, "7BIT")) return done(set_once(into.body, body_type::seven_bit));
        return done(equals_ignoring_case(value, "8BITMIME") && set_once(into.body, body_type::eight_bit_mime));
    }
    if (equals_ignoring_case(keyword, "RET")) {
        if (into.ret != return_content::not_said) return wire_errc::bad_parameter;
        if (equals_ignoring_case(value, "FULL")) into.ret = return_content::full;
        if (equals_ignoring_case(value, "HDRS")) into.ret = return_content::headers;
        return done(into.ret != return_content::not_said);
    }
    if (equals_ignoring_case(keyword, "ENVID")) return read_text(value, max_envid_octets, into.envid);
    return wire_errc::unknown_parameter;
}

error_code read_notify(std::string_view value, notify_set& into)
{
    if (into.is_said()) return wire_errc::bad_parameter;
    for (cursor in(value);;) {
        const std::string_view word = in.take_until(',');
        bool* flag = nullptr;
        if (equals_ignoring_case(word, "NEVER")) flag = &into.never;
        if (equals_ignoring_case(word, "SUCCESS")) flag = &into.success;
        if (equals_ignoring_case(word, "FAILURE")) flag = &into.failure;
        if (equals_ignoring_case(word, "DELAY")) flag = &into.delay;
        if (flag == nullptr || *flag) return wire_errc::bad_parameter;
        *flag = true;
        if (!in.accept(',')) break;
    }
    if (into.never && (into.success || into.failure || into.delay)) return wire_errc::bad_parameter;
    return {};
}

error_code read_rcpt_parameter(std::string_view keyword, std::string_view value, rcpt_arguments& into)
{
    if (equals_ignoring_case(keyword, "NOTIFY")) return read_notify(value, into.notify);
    if (equals_ignoring_case(keyword, "ORCPT")) {
        // addr-type ";" xtext: the type itself is an atom and is not encoded (RFC 3461 §4.2)
        const std::size_t semicolon = value.find(';');
        if (semicolon == 0 || semicolon == std::string_view::npos || semicolon + 1 == value.size()) {
            return wire_errc::bad_parameter;
        }
        for (const char c : value.substr(0, semicolon)) {
            if (!is_alnum(c) && c != '-') return wire_errc::bad_parameter;
        }
        return read_text(value, max_orcpt_octets, into.orcpt);
    }
    return wire_errc::unknown_parameter;
}

// " KEY=VALUE KEY": keywords of letters, digits and "-"; values without blanks, "=" or controls (RFC 5321 §4.1.2).
template <class Read, class Arguments>
error_code read_parameters(std::string_view text, Read read, Arguments& into)
{
    cursor in(text);
    while (!in.at_end()) {
        if (!in.accept(' ')) return wire_errc::bad_syntax;
        while (in.accept(' ')) {
        }
        const std::string_view word = in.take_until(' ');
        if (word.empty()) continue;
        const std::size_t equals = word.find('=');
        const std::string_view keyword = word.substr(0, equals);
        const std::string_view value = equals == std::string_view::npos ? "" : word.substr(equals + 1);
        if (keyword.empty() || !is_printable(word)) return wire_errc::bad_syntax;
        if (const error_code failed = read(keyword, value, into)) return failed;
    }
    return {};
}

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

struct path_and_rest {
    std::string_view path;  // inside the brackets, source route removed
    std::string_view rest;
};

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
}

result<command> read_command(std::string_view line) noexcept
{
    const std::string_view word = line.substr(0, line.find(' '));
    for (const auto& [name, value] : verbs) {
        if (!equals_ignoring_case(word, name)) continue;
        std::string_view argument = line.substr(word.size());
        while (!argument.empty() && argument.front() == ' ') argument.remove_prefix(1);
        return command{value, without_trailing_blanks(argument)};
    }
    return make_error_code(wire_errc::unknown_command);
}

result<mail_arguments> read_mail_arguments(std::string_view argument)
{
    const auto split = split_path(argument, "FROM");
    if (!split.has_value()) return split.error();
    if (!split->path.empty() && !is_mailbox(split->path)) return make_error_code(wire_errc::bad_path);
    mail_arguments read;
    read.reverse_path = split->path;
    if (const error_code failed = read_parameters(split->rest, read_mail_parameter, read)) return failed;
    return read;
}

result<rcpt_arguments> read_rcpt_arguments(std::string_view argument)
{
    const auto split = split_path(argument, "TO");
    if (!split.has_value()) return split.error();
    const bool postmaster = equals_ignoring_case(split->path, "postmaster");
    if (!postmaster && !is_mailbox(split->path)) return make_error_code(wire_errc::bad_path);
    rcpt_arguments read;
    read.address = postmaster ? "postmaster" : split->path;
    if (const error_code failed = read_parameters(split->rest, read_rcpt_parameter, read)) return failed;
    return read;
}

result<std::string> write_mail(const mail_arguments& arguments)
{
    const auto& from = arguments.reverse_path;
    if (!from.empty() && !is_mailbox(from)) return make_error_code(wire_errc::bad_path);
    if (!is_printable(arguments.envid)) return make_error_code(wire_errc::bad_parameter);
    std::string line = "MAIL FROM:<" + from + ">";
    if (arguments.size_octets) line += " SIZE=" + std::to_string(*arguments.size_octets);
    if (arguments.body) line += *arguments.body == body_type::seven_bit ? " BODY=7BIT" : " BODY=8BITMIME";
    if (arguments.ret != return_content::not_said) {
        line += arguments.ret == return_content::full ? " RET=FULL" : " RET=HDRS";
    }
    if (!arguments.envid.empty()) {
        const std::string encoded = write_xtext(arguments.envid);
        if (encoded.size() > max_envid_octets) return make_error_code(wire_errc::bad_parameter);
        line += " ENVID=" + encoded;
    }
    return line + "\r\n";
}

result<std::string> write_rcpt(const rcpt_arguments& arguments)
{
    if (arguments.address != "postmaster" && !is_mailbox(arguments.address)) {
        return make_error_code(wire_errc::bad_path);
    }
    std::string line = "RCPT TO:<" + arguments.address + ">";
    const auto& wish = arguments.notify;
    if (wish.never && (wish.success || wish.failure || wish.delay)) return make_error_code(wire_errc::bad_parameter);
    if (wish.is_said()) {
        std::string words;
        if (wish.never) words += ",NEVER";
        if (wish.success) words += ",SUCCESS";
        if (wish.failure) words += ",FAILURE";
        if (wish.delay) words += ",DELAY";
        line += " NOTIFY=" + words.substr(1);
    }
    if (!arguments.orcpt.empty()) {
        const std::size_t semicolon = arguments.orcpt.find(';');
        if (semicolon == std::string::npos || !is_printable(arguments.orcpt)) {
            return make_error_code(wire_errc::bad_parameter);
        }
        const std::string encoded = arguments.orcpt.substr(0, semicolon + 1) +
                                    write_xtext(std::string_view(arguments.orcpt).substr(semicolon + 1));
        if (encoded.size() > max_orcpt_octets) return make_error_code(wire_errc::bad_parameter);
        line += " ORCPT=" + encoded;
    }
    return line + "\r\n";
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
