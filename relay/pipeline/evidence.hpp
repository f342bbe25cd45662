// relay/pipeline/evidence.hpp: what became of one attempt to hand a mail over, which cause that is (causes.hpp) and
// what comes next: one table, so that no caller switches over causes (style.md §4). The same rules read the replies of
// a conversation (RFC 5321, RFC 3463) and those a delivery report tells of (RFC 3464).
//   if (outcome.ec == next_step::retry) queue.put_back(...);
// An error code that is not in the table is next_step::tell: an unknown cause never drops a letter. An unknown 4yz is
// tried again, an unknown 5yz has failed (design.md §5). Pure, safe from any thread.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>
#include <optional>
#include <string_view>
#include <type_traits>

#include "mime/report/fields.hpp"
#include "relay/pipeline/causes.hpp"
#include "relay/pipeline/site_pace.hpp"

namespace relay::pipeline {
enum class delivery_errc {
    peer_unreachable = 1,    // no address, no connection
    connection_lost,         // before the final dot: nothing was handed over
    timed_out,               // before the final dot
    cancelled,               // by us, before the final dot
    reply_lost,              // after the final dot: uncertain, may be a copy when sent again (RFC 5321 §4.5.3.2.6)
    protocol_error,          // what came is not SMTP
    temporary_refusal,       // 4yz
    peer_overloaded,         // 421, 4.3.2, 4.7.x: it asks for less
    mailbox_full_for_now,    // 452, 4.2.2
    session_refused,         // 5yz to the greeting or EHLO: nothing was said yet about the letter
    tls_unavailable,         // STARTTLS not offered or put off, and we never send in clear
    tls_failed,              // handshake failed, or bytes were waiting behind STARTTLS
    tls_refused,             // the peer refuses our certificate or asks for one
    certificate_untrusted,   // we refuse the peer's certificate
    mailbox_unknown,         // 550, 553, 5.1.x
    mailbox_closed,          // 5.2.1, 5.1.6
    mailbox_full,            // 552, 5.2.2
    too_big,                 // SIZE, 523, 5.3.4, 5.2.3
    content_refused,         // 541, 554, 5.6.x, 5.7.x
    refused,                 // any other 5yz
    name_lookup_failed,      // no answer of the name servers, or a temporary one
    host_unknown,            // the host of a next hop does not exist, or no mail host of the domain has an address
    domain_unknown,          // no such domain: NXDOMAIN, or neither MX nor address (RFC 5321 §5.1)
    domain_takes_no_mail,    // null MX (RFC 7505), or an SRV target of "."
    mail_loop,               // the best mail host of the domain is ourselves (RFC 5321 §5.1)
    auth_unavailable,        // the peer does not offer our SASL mechanism
    auth_refused,            // 535 and kin: the peer refuses our credentials (RFC 4954 §6)
    credentials_unreadable,  // our own file: absent, open to others, or nothing that AUTH could say
    not_sendable,  // our mail breaks a rule (bare CR or LF, 8 bit towards 7 bit, a bad address): nothing was sent
    // Of a report: the next operator took the mail and came no further (RFC 3464).
    gave_up_beyond,      // x.4.7: it tried for as long as it does
    unreachable_beyond,  // any other x.4.y
};

// Where a reply belongs; `report`: a delivery report tells of it.
enum class stage { connect, greeting, hello, start_tls, auth, mail, rcpt, data, body, final_reply, quit, report };
[[nodiscard]] std::string_view name(stage at) noexcept;

// A refusal by its stage, code (0: unknown) and enhanced code, which decides when both speak; 552 alone is ambiguous.
[[nodiscard]] delivery_errc classify(stage at, int code,
                                     const std::optional<mime::report::enhanced_status>& status) noexcept;

[[nodiscard]] cause cause_of(const boost::system::error_code& ec) noexcept;
// What it says about the peer itself, whatever becomes of the mail.
[[nodiscard]] site_effect effect_of(const boost::system::error_code& ec) noexcept;

[[nodiscard]] const boost::system::error_category& delivery_category() noexcept;
[[nodiscard]] const boost::system::error_category& next_step_category() noexcept;
[[nodiscard]] inline boost::system::error_code make_error_code(delivery_errc code) noexcept
{
    return {static_cast<int>(code), delivery_category()};
}
[[nodiscard]] inline boost::system::error_condition make_error_condition(next_step value) noexcept
{
    return {static_cast<int>(value), next_step_category()};
}
}

template <>
struct boost::system::is_error_code_enum<relay::pipeline::delivery_errc> : std::true_type {
};
template <>
struct boost::system::is_error_condition_enum<relay::pipeline::next_step> : std::true_type {
};
