// relay/track/returns.hpp: what comes back about letters we sent enters here as evidence (design.md §2, mssante.md §6):
// DSN (RFC 3464) and MDN (RFC 8098), matched by ENVID, else by Message-ID, each applied once. Only a mail of ours can
// be moved, and only by its unguessable ids; what matches nothing is kept for people, never dropped. An SMTP sink: the
// hospital's listener hands each mail over. Worker threads, several at once.
#pragma once

#include "mime/report/find_report.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/ports/mail_sink.hpp"

namespace relay::track {
struct returns_options {
    std::string report_mailbox;  // the only address accepted
    mime::zone zone;
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
    pipeline::services with_;
    returns_options options_;
};

// The events one report makes about one of our deliveries; none for kinds that say nothing new. Pure.
[[nodiscard]] std::vector<pipeline::event> events_of_report(const mime::report::found_report& report,
                                                            pipeline::instant now);
}
