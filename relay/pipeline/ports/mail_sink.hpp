// relay/pipeline/ports/mail_sink.hpp: where the SMTP server puts received mail (RFC 5321 §4.2.5, §6.1; RFC 3461).
// The mailbox store (operator role) and the returns intake (hospital role) implement it; relay/app joins them.
// Threads: called from worker threads, several at a time; may block (SQL, fsync), never throws for what a peer can
// cause. Durability: `stored` and `duplicate` mean that bytes and row are on stable storage, since 250 follows at once.
// A repeat (same mailbox, Message-ID and SHA-256 of the received bytes) is `duplicate` and is not stored (design.md
// §3.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/base/clock.hpp"

namespace relay::pipeline::ports {
enum class client_certificate { absent, verified };

// What is known of the connection a mail came by. No field is trusted further than it says.
struct session_facts {
    std::string peer_address;  // numeric, without port
    std::string helo;          // as said by the peer: letters, digits and "-._:[]" only
    std::string tls_version;   // "TLSv1.3"; empty without TLS
    std::string tls_cipher;
    client_certificate certificate = client_certificate::absent;
    std::string certificate_sha256;   // of the DER, 64 lower-case hex digits; empty without certificate
    std::string certificate_subject;  // RFC 2253 text of the subject
    std::string login;                // address of the account that logged in; empty: a server, or nobody
};

// Which reports a sender asks for (RFC 3461 §4.1). Nothing asked at all is the default of the standard: failure.
struct notify_wish {
    bool never = false;
    bool success = false;
    bool failure = false;
    bool delay = false;
    [[nodiscard]] bool is_asked() const noexcept { return never || success || failure || delay; }
};

enum class return_wish { not_said, full, headers };  // RET, RFC 3461 §4.3

struct envelope_recipient {
    std::string address;  // local@domain, or "postmaster"
    notify_wish notify;
    std::string orcpt;  // original recipient, xtext decoded: "rfc822;local@domain"; empty if not said
};

struct mail_envelope {
    std::string reverse_path;  // empty is the null sender <>
    std::vector<envelope_recipient> recipients;
    return_wish ret = return_wish::not_said;
    std::string envid;  // xtext decoded; empty if not said
    enum class body_type { seven_bit, eight_bit_mime } body = body_type::seven_bit;
    std::optional<std::uint64_t> declared_octets;  // SIZE of MAIL, RFC 1870
};

enum class recipient_verdict {
    accepted,
    mailbox_unknown,    // 550 5.1.1
    mailbox_closed,     // 550 5.2.1
    mailbox_full,       // 452 4.2.2
    not_local,          // 550 5.7.1: we relay for nobody
    untrusted_domain,   // 550 5.7.1: submitted, and not a domain of the trust space
    no_route,           // 550 5.7.1: submitted, and no rule says where mail for this domain goes
    refused,            // 550 5.7.1: another rule of ours
    no_space,           // 452 4.3.1: the node has no room for anything more
    temporary_failure,  // 451 4.3.0
};

enum class store_verdict {
    stored,             // 250, durable
    duplicate,          // 250, was durable already
    temporary_failure,  // 451 4.3.0
    no_space,           // 452 4.3.1
    mailbox_full,       // 452 4.2.2
    too_big,            // 552 5.3.4
    refused,            // 554 5.7.1: content or policy
    mailbox_unknown,    // 550 5.1.1: of every recipient, since RCPT was answered
    looping,            // 554 5.4.6: it came by too many servers, or by us too often
    sender_refused,     // 554 5.7.1: who logged in is not whom From names
    clear_refused,      // 550 5.7.1: submitted for other operators only, and not encrypted
};

class mail_sink {
public:
    virtual ~mail_sink() = default;
    // One RCPT. `address` as in envelope_recipient.
    [[nodiscard]] virtual recipient_verdict check_recipient(std::string_view address, const session_facts& from) = 0;
    // One whole mail, dots removed, lines ended by CRLF, without trace fields of ours. Every recipient is decided
    // alone; the verdict is the one reply to all (RFC 5321 §4.2.5, §6.1): `stored` when each is served or has a failure
    // report queued; a 4yz when one may yet be served: the peer sends again, and those served are found to be repeats.
    [[nodiscard]] virtual store_verdict store(const mail_envelope& envelope, std::string_view message,
                                              const session_facts& from) = 0;
};

// The Received field that the storing side puts before a mail (RFC 5321 §4.4), one folded line ended by CRLF. It has no
// "for" clause: mailboxes of patients carry their number. `id` is a random id of ours; `with` follows RFC 3848.
[[nodiscard]] inline std::string received_field(const session_facts& from, std::string_view by_host,
                                                std::string_view id, base::instant at)
{
    using namespace std::chrono;
    constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = floor<std::chrono::days>(at);
    const year_month_day date(day);
    const hh_mm_ss time(floor<seconds>(at - day));
    char stamp[64];
    (void)std::snprintf(stamp, sizeof stamp, "%s, %u %s %d %02d:%02d:%02d +0000", days[weekday(day).c_encoding()],
                        static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                        static_cast<int>(date.year()), static_cast<int>(time.hours().count()),
                        static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
    std::string text = "Received: from " + (from.helo.empty() ? std::string("unknown") : from.helo) + " ([";
    if (from.peer_address.find(':') != std::string::npos) text += "IPv6:";
    text += from.peer_address + "])\r\n\tby " + std::string(by_host);
    text += from.tls_version.empty() ? " with ESMTP" : " with ESMTPS";
    if (!from.login.empty()) text += "A";
    if (!from.tls_version.empty()) text += " (" + from.tls_version + " " + from.tls_cipher + ")";
    return text + "\r\n\tid " + std::string(id) + "; " + stamp + "\r\n";
}
}
