// relay/smtp/engine/delivery_errc.hpp: what became of one attempt to hand a mail over, and what to do next: one table,
// so that no caller switches over causes (style.md §4).
//   if (outcome.ec == smtp::decision::retry_later) queue.put_back(...);
// An error code that is not in the table is decision::ask_operator: an unknown cause never drops a letter.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>
#include <string_view>
#include <type_traits>

#include "relay/smtp/wire/reply.hpp"

namespace relay::smtp {
enum class delivery_errc {
    peer_unreachable = 1,    // no address, no connection
    connection_lost,         // before the final dot: nothing was handed over
    timed_out,               // before the final dot
    cancelled,               // by us, before the final dot
    reply_lost,              // after the final dot: uncertain, may be a copy when sent again (RFC 5321 §4.5.3.2.6)
    protocol_error,          // what came is not SMTP
    temporary_refusal,       // 4yz
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
};

enum class decision { retry_later = 1, give_up, ask_operator };

// Names of domain.md §8, as relay/pipeline spells its causes: "PEER_DOWN", "NO_MAILBOX", ...; "UNKNOWN" if not in the
// table.
[[nodiscard]] std::string_view cause_name(const boost::system::error_code& ec) noexcept;

// A refusal by its stage, code and enhanced code (which decides when both speak).
enum class stage { connect, greeting, hello, start_tls, auth, mail, rcpt, data, body, final_reply, quit };
[[nodiscard]] std::string_view name(stage at) noexcept;
[[nodiscard]] delivery_errc classify(stage at, const reply& answer) noexcept;

[[nodiscard]] const boost::system::error_category& delivery_category() noexcept;
[[nodiscard]] const boost::system::error_category& decision_category() noexcept;
[[nodiscard]] inline boost::system::error_code make_error_code(delivery_errc code) noexcept
{
    return {static_cast<int>(code), delivery_category()};
}
[[nodiscard]] inline boost::system::error_condition make_error_condition(decision value) noexcept
{
    return {static_cast<int>(value), decision_category()};
}
}

template <>
struct boost::system::is_error_code_enum<relay::smtp::delivery_errc> : std::true_type {
};
template <>
struct boost::system::is_error_condition_enum<relay::smtp::decision> : std::true_type {
};
