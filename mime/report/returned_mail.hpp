// mime/report/returned_mail.hpp: what a mail that came back is, and which mail of ours it speaks of (mssante.md §6).
// One function reads every kind: delivery status (RFC 3464, 6522, 6533), disposition (RFC 8098, the national forms of
// §6.1 and §6.3), bounces in words only, automatic replies (RFC 3834), replies of people. Machine parts count whatever
// report-type or subject say, since gateways rewrap reports; a broken third part does not lose the first two. Nothing
// here is evidence: that a report is about a mail we sent, and about its recipient, is the caller's to prove.
// Pure, safe from any thread, time linear in the input. Every input has a reading: what cannot be read is `other`, with
// its doubt. Addresses and texts are identity (domain.md §10): never logged.
#pragma once

#include "mime/message/scan.hpp"
#include "mime/report/dsn.hpp"
#include "mime/report/mdn.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::report {
enum class return_kind { dsn, mdn, bounce, auto_reply, reply, other };

// What a reader of the result must not rely upon.
enum class doubt {
    unreadable,       // refused by the scan of mime/message, or no mail at all: nothing was looked at
    too_large,        // a machine part over its limits
    cut,              // the last delimiter is missing
    mistyped_part,    // the machine part is not labelled as one
    from_text,        // recipients, codes or the national error were read from words
    by_subject,       // the kind is known by the subject alone
    nobody_named,     // a bounce without a recipient
    embedded_report,  // a report stands inside a mail that was forwarded or given back: it says nothing of this one
    contradictory,    // the national error has two codes: none is told
};

enum class id_source { report_field, returned_mail, references };
struct original_id {
    std::string id;  // without angle brackets
    id_source source = id_source::references;
    friend bool operator==(const original_id&, const original_id&) = default;
};

enum class reply_wording { plain, not_my_patient };

struct returned_mail {
    return_kind kind = return_kind::other;
    std::string message_id;                               // of the mail itself; empty if absent
    std::string envelope_id;                              // dsn: ENVID as we gave it
    std::vector<original_id> originals;                   // each once, in the order of mssante.md §6.4
    std::vector<recipient_status> recipients;             // dsn: at least one; bounce
    std::optional<disposition_notification> disposition;  // mdn
    reply_wording wording = reply_wording::plain;         // reply
    std::vector<doubt> doubts;                            // each once, in the order of the enumeration
    [[nodiscard]] bool has(doubt which) const noexcept;
};

struct return_limits {
    message::scan_limits scan;
    dsn_limits dsn;
    mdn_limits mdn;
    std::size_t max_text_octets = 64 * 1024;  // of a bounce's or a reply's words; the rest is not read
    std::size_t max_originals = 100;
};

[[nodiscard]] returned_mail read_returned_mail(std::string_view message, const return_limits& limits = {});

[[nodiscard]] std::string_view name(return_kind value) noexcept;
[[nodiscard]] std::string_view name(doubt value) noexcept;
}
