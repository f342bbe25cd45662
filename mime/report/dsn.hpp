// mime/report/dsn.hpp: delivery status notifications (RFC 3464, 6522): reads the machine part, writes whole mails.
// Pure: no I/O, safe from any thread. Errors: report_errc. No input whatever throws or is read past its end.
// Addresses and texts of a report are identity (domain.md §10): never logged.
#pragma once

#include "mime/message/address.hpp"
#include "mime/message/date.hpp"
#include "mime/report/errc.hpp"
#include "mime/report/fields.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::report {
enum class dsn_action { failed, delayed, delivered, relayed, expanded };  // RFC 3464 §2.3.3

struct dsn_limits {
    std::size_t max_recipients = 100;
    std::size_t max_field_octets = 8 * 1024;  // after unfolding
};

struct recipient_status {
    std::string original_recipient;  // without "rfc822;", xtext left alone; empty if absent
    std::string final_recipient;
    dsn_action action = dsn_action::failed;
    std::optional<enhanced_status> status;
    std::optional<int> smtp_code;  // three digits at the start of Diagnostic-Code: smtp; …
    std::string diagnostic;        // peer text: for operators only
    std::string remote_mta;
};

struct delivery_status {
    std::string reporting_mta;
    std::string original_envelope_id;          // as we gave it in ENVID; empty if absent
    std::string arrival_date;                  // as written
    std::vector<recipient_status> recipients;  // at least one
};

// One complete message/delivery-status body. Blocks without a known Action are skipped; malformed if none is left. The
// fields of the message block may also stand before the first recipient without an empty line between (seen from
// gateways).
[[nodiscard]] result<delivery_status> read_delivery_status(std::string_view body, const dsn_limits& limits = {});

// --- writing ---

struct dsn_recipient {
    std::string original_recipient;  // of ORCPT, decoded: "rfc822;local@domain"; empty: left out
    std::string final_recipient;     // addr-spec
    dsn_action action = dsn_action::delivered;
    enhanced_status status{2, 1, 5};
    std::string diagnostic;  // "250 2.1.5 delivered"; ASCII; empty: left out
    std::string remote_mta;  // empty: left out
};

struct returned_header {  // what is given back of the original; the caller sees that nothing naming a patient leaves
    std::string date;     // as written there
    std::string from;
    std::string to;
    std::string message_id;  // without angle brackets; empty: left out
    std::string subject;     // the outer one; empty: left out
};

struct dsn_message {
    std::string reporting_mta;  // host name
    message::mailbox from;      // the mail system's own mailbox; the envelope sender is <>
    std::string to;             // reverse-path of the original
    message::mail_date date;
    message::mail_date arrival;
    std::string message_id;  // without angle brackets
    std::string boundary_token;
    std::string original_envelope_id;  // decoded from xtext; empty: left out
    std::vector<dsn_recipient> recipients;
    returned_header original;
    std::string_view
        full_original;  // the whole mail, 7bit: given back instead of the header; empty: the header. Borrowed
};
// May be given back whole: 7bit, CRLF, no line over 998 octets (RFC 5322 §2.1.1).
[[nodiscard]] bool is_seven_bit_mail(std::string_view message) noexcept;

// A complete mail, 7bit, CRLF, lines ≤ 78 where they can be folded. Error: malformed: no recipient, or a full_original
// that is_seven_bit_mail() refuses.
[[nodiscard]] result<std::string> write_dsn(const dsn_message& report);
}
