// mime/message/errc.hpp: what can be wrong with a mail (RFC 5322, 2045). The text of an error never holds a value.
#pragma once

#include "mime/text/result.hpp"

#include <type_traits>

namespace mime::message {
enum class message_errc {
    header_too_large = 1,  // scan_limits::max_header_octets, header_limits
    comments_too_deep,
    mime_too_deep,
    too_many_parts,
    line_too_long,
    message_too_large,
    malformed,          // no MIME tree could be read
    bad_address,        // not an addr-spec that may stand in an SMTP envelope
    bad_header_name,    // not RFC 5322 §2.2 ftext
    bad_header_value,   // CR, LF, NUL, another control or an octet above 127 where ASCII is due
    bad_header_length,  // cannot be folded into lines of 998 octets
    bad_date,
    bad_message_id,
    bad_boundary,
    bad_encoding,  // not UTF-8, or a body that cannot be decoded
};

[[nodiscard]] const boost::system::error_category& message_category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(message_errc code) noexcept;
}

template <>
struct boost::system::is_error_code_enum<mime::message::message_errc> : std::true_type {
};
