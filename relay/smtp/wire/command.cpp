#include "relay/smtp/wire/command.hpp"

#include <array>
#include <utility>

#include "mime/report/fields.hpp"
#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
namespace {
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

namespace {
std::string_view name(body_type body) noexcept
{
    switch (body) {
        case body_type::seven_bit: return "7BIT";
        case body_type::eight_bit_mime: return "8BITMIME";
        case body_type::binary_mime: break;
    }
    return "BINARYMIME";
}
}

result<std::string> write_mail(const mail_arguments& arguments)
{
    const auto& from = arguments.reverse_path;
    if (!from.empty() && !is_mailbox(from)) return make_error_code(wire_errc::bad_path);
    if (!is_printable(arguments.envid)) return make_error_code(wire_errc::bad_parameter);
    std::string line = "MAIL FROM:<" + from + ">";
    if (arguments.size_octets) line += " SIZE=" + std::to_string(*arguments.size_octets);
    if (arguments.body) line.append(" BODY=").append(name(*arguments.body));
    if (arguments.ret != return_content::not_said) {
        line += arguments.ret == return_content::full ? " RET=FULL" : " RET=HDRS";
    }
    if (!arguments.envid.empty()) {
        const std::string encoded = mime::report::encode_xtext(arguments.envid);
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
                                    mime::report::encode_xtext(std::string_view(arguments.orcpt).substr(semicolon + 1));
        if (encoded.size() > max_orcpt_octets) return make_error_code(wire_errc::bad_parameter);
        line += " ORCPT=" + encoded;
    }
    return line + "\r\n";
}
}
