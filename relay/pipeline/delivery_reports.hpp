// relay/pipeline/delivery_reports.hpp: reports about mail we took (RFC 3461 §5, §6; RFC 3464), queued as deliveries of
// their own in the caller's transaction. NOTIFY, RET, ENVID and ORCPT are honoured; nothing is ever told to the null
// sender. One report speaks of all recipients given. RET=FULL gives the whole mail back where it is sealed: a report
// carries no patient data (design.md §3.5), so anything else comes back as header fields that name nobody. To a mailbox
// of this server the report never leaves it: there its owner gets back what he wrote, subject and all.
#pragma once

#include <functional>
#include <optional>

#include "mime/report/dsn.hpp"
#include "mime/text/zone.hpp"
#include "relay/pipeline/ports/mail_sink.hpp"
#include "relay/pipeline/services.hpp"

namespace relay::pipeline {
struct reporting_options {
    std::string node_name;    // Reporting-MTA, right side of Message-ID
    std::string report_from;  // From, e.g. mailer-daemon@domain
    mime::zone zone;
    std::function<bool(std::string_view domain)> is_here{};  // a domain whose mailboxes are ours; none: no domain is
};

struct reported_recipient {
    std::string address;  // final recipient
    std::string orcpt;    // as in envelope_recipient
    mime::report::dsn_action action = mime::report::dsn_action::failed;
    mime::report::enhanced_status status{5, 0, 0};
    std::string diagnostic;  // "550 5.1.1 no such mailbox"; a server's reply
    std::string remote_mta;
};

[[nodiscard]] mime::message::mail_date date_of(instant at, const mime::zone& zone);

// Whether the sender wants to hear this (RFC 3461 §4.1): unasked, of failures and delays.
[[nodiscard]] bool is_wanted(const ports::notify_wish& wish, mime::report::dsn_action action) noexcept;

// A report as it waits for its transaction: written and sealed, since both take time for a mail given back whole.
struct made_report {
    delivery_row row;
    ports::sealed_object sealed;
};
// nullopt: nobody to tell, or nothing to say. `about`: only what is_wanted(). A mail without bytes is reported without
// its header.
[[nodiscard]] std::optional<made_report> make_report(const services& with, const reporting_options& options,
                                                     const ports::mail_envelope& envelope, std::string_view message,
                                                     instant arrived, const std::vector<reported_recipient>& about);
// Any mail of the node's own that waits as a report does: sealed, to this address, given up after a day.
[[nodiscard]] made_report seal_report(const services& with, std::string_view bytes, const std::string& address,
                                      const std::string& message_id);
// Queued once: a report about the same mail, recipients and actions is not queued again. True if it was queued.
bool queue_report(ports::transaction& tx, const made_report& report);
}
