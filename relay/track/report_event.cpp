#include "relay/track/report_event.hpp"

#include "mime/text/digest.hpp"
#include "relay/pipeline/evidence.hpp"

namespace relay::track {
using namespace pipeline;
using mime::report::dsn_action;
using mime::report::return_kind;
namespace {
event_kind kind_of(dsn_action action)
{
    switch (action) {
        case dsn_action::delivered: return event_kind::report_delivered;
        case dsn_action::relayed:
        case dsn_action::expanded: return event_kind::report_relayed;
        case dsn_action::delayed: return event_kind::report_delayed;
        case dsn_action::failed: return event_kind::report_failed;
    }
    return event_kind::report_delayed;
}

cause why_failed(const mime::report::recipient_status& status)
{
    if (status.action != dsn_action::failed) return cause::none;
    return cause_of(classify(stage::report, status.smtp_code.value_or(0), status.status));
}

void read_status(const mime::report::recipient_status& status, event& next)
{
    next.kind = kind_of(status.action);
    next.facts.why = why_failed(status);
    next.facts.smtp_code = status.smtp_code.value_or(0);
    if (status.status) next.facts.enhanced_status = mime::report::write_enhanced_status(*status.status);
    next.facts.peer_text = status.diagnostic;
}

// False: seen or not, nobody can tell.
bool read_disposition(const mime::report::disposition_notification& said, event& next)
{
    using mime::report::disposition_type;
    if (said.is_error) {
        next.kind = event_kind::software_rejected;
        next.facts.why = cause_of_filing(said.error_code);
        next.facts.smtp_code = said.error_code.value_or(0);
        return true;
    }
    if (said.type != disposition_type::displayed && said.type != disposition_type::processed) return false;
    next.kind = said.type == disposition_type::displayed ? event_kind::displayed : event_kind::processed;
    return true;
}

// domain.md §4: the same report applied twice changes nothing.
std::string evidence_key(std::string_view report_id, std::string_view what)
{
    return mime::hex(mime::sha256(std::string(report_id) + '|' + std::string(what))).substr(0, 32);
}
}

std::optional<event> event_of_report(const mime::report::returned_mail& report, std::size_t recipient, instant now)
{
    event next;
    next.at = now;
    switch (report.kind) {
        case return_kind::dsn:
        case return_kind::bounce:
            if (recipient >= report.recipients.size()) return std::nullopt;
            read_status(report.recipients[recipient], next);
            break;
        case return_kind::mdn:
            if (!report.disposition || !read_disposition(*report.disposition, next)) return std::nullopt;
            break;
        case return_kind::reply:
            if (report.wording != mime::report::reply_wording::not_my_patient) return std::nullopt;
            next.kind = event_kind::disputed;
            next.facts.why = cause::disputed;
            break;
        case return_kind::auto_reply:
        case return_kind::other: return std::nullopt;
    }
    next.facts.evidence = evidence_key(report.message_id, name(next.kind));
    return next;
}
}
