// relay/pipeline/hosted_mail.hpp: the operator's end of SMTP: puts received mail into hosted mailboxes and queues the
// success report that was asked for, in one transaction (design.md §3.2, RFC 3461 §5.2.3: final delivery). A recipient
// whose mailbox is gone since RCPT gets one failure report, unless all are: then the reply says it. What IMAP serves is
// computed here, once. A repeat is recognised per mailbox and answered like the first. Mail that goes round in circles
// is refused. Worker threads, several at once.
// A submitted mail names its own account in From; its recipients at other operators of the trust space are queued in
// the unit that fills the mailboxes here (submitted_mail.hpp), if it is encrypted, a report, or the settings let clear
// text go. Those it may not go to are told by a failure report, or by the reply when nobody else is left. With a
// mailbox server beside us (LMTP) the mail is handed to it while the sender waits: 250 follows its 250, so the sender's
// queue is the intent and no mail of ours is ever at rest here; the outcome row makes a repeat known. Between its 250
// and our row a crash leaves the mail uncertain: the sender repeats it, and that server may have it twice.
#pragma once

#include <set>

#include "mime/message/header.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/ports/mail_sink.hpp"
#include "relay/pipeline/ports/mailbox_server.hpp"
#include "relay/pipeline/submitted_mail.hpp"

namespace relay::pipeline {
enum class clear_text { stays_here, to_trusted };  // submitted mail that is neither encrypted nor a report
struct hosted_mail_options {
    std::set<std::string, std::less<>> domains;  // hosted, lower case
    std::string node_name;                       // in Received, Reporting-MTA and Message-ID
    std::string postmaster;                      // hosted address, or empty: postmaster mail is then kept for people
    std::string report_from;                     // From of our reports, e.g. mailer-daemon@node
    mime::zone zone;
    ports::mailbox_server* server = nullptr;  // keeps the mailboxes instead of us; outlives this
    clear_text clear = clear_text::stays_here;
};

// Loops (RFC 5321 §6.3): more Received fields than any path has, or our own name in more than forwarding explains.
struct loop_limits {
    std::size_t max_received = 100;
    std::size_t max_own = 3;
};
[[nodiscard]] bool is_looping(const mime::message::header_view& header, std::string_view own_name,
                              const loop_limits& limits = {});
[[nodiscard]] bool is_looping(std::string_view message, std::string_view own_name, const loop_limits& limits = {});

class hosted_mail final : public ports::mail_sink {
public:
    hosted_mail(services with, hosted_mail_options options, std::function<void()> on_queued);

    [[nodiscard]] ports::recipient_verdict check_recipient(std::string_view address,
                                                           const ports::session_facts& from) override;
    [[nodiscard]] ports::store_verdict store(const ports::mail_envelope& envelope, std::string_view message,
                                             const ports::session_facts& from) override;

    // One of ours, which never leaves: a report for a mailbox of this server. Served before counts as newly.
    enum class served { newly, before, gone };
    [[nodiscard]] result<served> deliver_here(std::string_view address, std::string_view message);
    [[nodiscard]] bool is_here(std::string_view domain) const { return options_.domains.contains(domain); }
    // To other operators, by the settings of now: sealed, a report, or clear where that is allowed.
    [[nodiscard]] bool may_leave(std::string_view message) const;
    [[nodiscard]] reporting_options reporting() const;

private:
    struct arrival;
    struct addressed;
    struct mailbox_copy;
    struct tally;
    using recipients = std::vector<const ports::envelope_recipient*>;
    [[nodiscard]] bool is_postmaster(std::string_view address) const;
    [[nodiscard]] std::string mailbox_of(std::string_view address) const;
    [[nodiscard]] std::optional<ports::recipient_verdict> why_not_elsewhere(std::string_view domain) const;
    [[nodiscard]] arrival received(const ports::mail_envelope& envelope, std::string_view message,
                                   const mime::message::header_view* header, const ports::session_facts& from) const;
    [[nodiscard]] addressed sort(const arrival& mail, const ports::session_facts& from) const;
    [[nodiscard]] result<void> serve(arrival& mail, const addressed& to, tally& done);
    [[nodiscard]] mailbox_copy copy_for(const arrival& mail, const ports::envelope_recipient& to) const;
    [[nodiscard]] served keep(ports::transaction& tx, const arrival& mail, const mailbox_copy& copy) const;
    [[nodiscard]] result<void> keep_in_one_unit(const arrival& mail, const std::vector<mailbox_copy>& copies,
                                                const recipients& elsewhere, tally& done);
    [[nodiscard]] result<served> hand_over(const arrival& mail, const ports::envelope_recipient& to);
    [[nodiscard]] std::string known_by(std::string_view way, const arrival& mail, std::string_view address) const;
    [[nodiscard]] std::optional<made_report> report_delivered(const arrival& mail,
                                                              const ports::envelope_recipient& to) const;
    [[nodiscard]] result<void> report_failed(const arrival& mail, const std::vector<reported_recipient>& about);

    services with_;
    hosted_mail_options options_;
    std::function<void()> on_queued_;
};
}
