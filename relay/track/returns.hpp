// relay/track/returns.hpp: what comes back about letters we sent enters here as evidence (design.md §2, mssante.md §6):
// delivery reports and bounces, receipts, replies. A report moves only a letter whose unguessable ids it names, only
// for the recipient it was sent to, and once; nothing in it changes an address. What matches nothing, what contradicts
// itself or what was read before, automatic replies and replies of people are kept sealed and listed for a person; with
// a mailbox set for replies they reach that. An SMTP sink: the hospital's listener hands each mail over. Worker
// threads, several at once.
#pragma once

#include "mime/report/returned_mail.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/ports/mail_sink.hpp"
#include "relay/track/correlation.hpp"

namespace relay::track {
struct returns_options {
    std::string report_mailbox;  // the only address accepted
    mime::zone zone;
    // Where replies of people go: a mailbox of this node and what keeps it, which outlives this. Empty: they are
    // listed.
    std::string replies_to = {};
    pipeline::ports::mail_sink* mailboxes = nullptr;
};

class returns final : public pipeline::ports::mail_sink {
public:
    returns(pipeline::services with, returns_options options);

    [[nodiscard]] pipeline::ports::recipient_verdict check_recipient(
        std::string_view address, const pipeline::ports::session_facts& from) override;
    [[nodiscard]] pipeline::ports::store_verdict store(const pipeline::ports::mail_envelope& envelope,
                                                       std::string_view message,
                                                       const pipeline::ports::session_facts& from) override;

private:
    struct arrival;
    enum class kept { for_people, in_mailbox };
    [[nodiscard]] result<kept> keep_reply(const arrival& mail, pipeline::ports::store_verdict& verdict) const;
    void take(pipeline::ports::transaction& tx, arrival& mail, kept reply) const;
    void judge(pipeline::ports::transaction& tx, arrival& mail, match& found, kept reply) const;
    void apply(pipeline::ports::transaction& tx, arrival& mail, match& found) const;
    void list(pipeline::ports::transaction& tx, arrival& mail, const match& found, std::string_view code) const;

    pipeline::services with_;
    returns_options options_;
};
}
