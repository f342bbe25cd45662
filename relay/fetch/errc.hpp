// relay/fetch/errc.hpp: why a mailbox elsewhere could not be read or emptied, by name; beside relay/io/errc.hpp, whose
// codes tell of the connection. No value of a peer is in a message.
#pragma once

#include <boost/system/error_code.hpp>
#include <type_traits>

namespace relay::fetch {
enum class errc {
    protocol_error = 1,  // what came is not IMAP, or answers nothing we asked
    response_too_large,  // over the limits of response_guard.hpp
    server_closing,      // BYE (RFC 3501 §7.1.5)
    tls_unavailable,     // STARTTLS refused, bytes behind it, or a session that is open before it
    login_unavailable,   // our SASL mechanism or SASL-IR (RFC 4959) is not offered
    login_refused,
    mailbox_refused,    // SELECT: no such mailbox, or not for us
    mailbox_read_only,  // nothing can be removed: the mailbox would be read anew for ever
    command_refused,    // NO to anything else
    mail_missing,       // listed, but not given when asked for
    not_stored,         // our own side has no room or is busy: the mail stays where it is
};
[[nodiscard]] const boost::system::error_category& category() noexcept;
[[nodiscard]] inline boost::system::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), category()};
}
}

template <>
struct boost::system::is_error_code_enum<relay::fetch::errc> : std::true_type {
};
