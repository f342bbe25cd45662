// relay/smtp/wire/errc.hpp: what can be wrong with the bytes of an SMTP dialogue. No value of the peer is in a message.
#pragma once

#include <boost/system/error_code.hpp>
#include <type_traits>

namespace relay::smtp {
enum class wire_errc {
    line_too_long = 1,
    bare_line_end,   // CR or LF alone: only CRLF ends a line (RFC 5321 §2.3.8)
    bad_reply,       // RFC 5321 §4.2
    too_many_lines,  // in one reply
    unknown_command,
    bad_path,       // RFC 5321 §4.1.2
    bad_syntax,     // of a command's argument
    bad_parameter,  // known keyword, wrong value
    unknown_parameter,
};

[[nodiscard]] const boost::system::error_category& wire_category() noexcept;
[[nodiscard]] inline boost::system::error_code make_error_code(wire_errc code) noexcept
{
    return {static_cast<int>(code), wire_category()};
}
}

template <>
struct boost::system::is_error_code_enum<relay::smtp::wire_errc> : std::true_type {
};
