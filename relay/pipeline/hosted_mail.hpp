// relay/pipeline/hosted_mail.hpp: the operator's end of SMTP: puts received mail into hosted mailboxes and queues the
// success report that was asked for, in one transaction (design.md §3.2, RFC 3461 §5.2.3: final delivery). What IMAP
// serves is computed here, once. A repeat is recognised per mailbox and answered like the first. Worker threads,
// several at once.
#pragma once

#include <set>

#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/ports/mail_sink.hpp"

namespace relay::pipeline {
struct hosted_mail_options {
    std::set<std::string, std::less<>> domains;  // hosted, lower case
    std::string node_name;                       // in Received, Reporting-MTA and Message-ID
    std::string postmaster;                      // hosted address, or empty: postmaster mail is then kept for people
    std::string report_from;                     // From of our reports, e.g. mailer-daemon@node
    mime::zone zone;
};

class hosted_mail final : public ports::mail_sink {
public:
    hosted_mail(services with, hosted_mail_options options, std::function<void()> on_queued);

    [[nodiscard]] ports::recipient_verdict check_recipient(std::string_view address,
                                                           const ports::session_facts& from) override;
    [[nodiscard]] ports::store_verdict store(const ports::mail_envelope& envelope, std::string_view message,
                                             const ports::session_facts& from) override;

private:
    struct arrival;
    [[nodiscard]] bool is_postmaster(std::string_view address) const;
    [[nodiscard]] std::string mailbox_of(std::string_view address) const;
    void queue_report(ports::transaction& tx, const arrival& mail, const ports::envelope_recipient& to) const;

    services with_;
    hosted_mail_options options_;
    std::function<void()> on_queued_;
};
}
