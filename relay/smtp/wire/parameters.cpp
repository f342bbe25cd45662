// Reading of MAIL and RCPT with their parameters (RFC 5321 §4.1.1.2, §4.1.1.3; RFC 1870, 6152, 3461).
#include "mime/report/fields.hpp"
#include "relay/smtp/wire/command.hpp"
#include "relay/smtp/wire/text.hpp"

namespace relay::smtp {
namespace {
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
    auto plain = mime::report::decode_xtext(value);
    if (!plain || !is_printable(*plain)) return wire_errc::bad_parameter;
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
    if (equals_ignoring_case(keyword, "AUTH")) {
        const bool fine = !into.says_auth && !value.empty() && mime::report::decode_xtext(value);
        into.says_auth = true;
        return done(fine);
    }
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
}

result<chunk_arguments> read_chunk_arguments(std::string_view argument) noexcept
{
    cursor in(argument);
    const auto octets = in.accept_number(18);
    if (!octets) return make_error_code(wire_errc::bad_syntax);
    if (in.at_end()) return chunk_arguments{*octets, chunk_arguments::place::more_follow};
    const std::size_t before = in.rest().size();
    while (in.accept(' ')) {
    }
    if (in.rest().size() == before || !equals_ignoring_case(in.rest(), "LAST"))
        return make_error_code(wire_errc::bad_syntax);
    return chunk_arguments{*octets, chunk_arguments::place::last};
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
}
