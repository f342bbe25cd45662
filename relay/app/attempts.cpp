#include "relay/app/attempts.hpp"

#include "mime/report/fields.hpp"

namespace relay::app {
using pipeline::attempt_end;
namespace {
smtp::return_content ret_of(pipeline::ports::return_wish wish)
{
    switch (wish) {
        case pipeline::ports::return_wish::full: return smtp::return_content::full;
        case pipeline::ports::return_wish::headers: return smtp::return_content::headers;
        case pipeline::ports::return_wish::not_said: break;
    }
    return smtp::return_content::not_said;
}

// What a person wrote and this peer cannot take will not get better by waiting: he is told at once.
bool is_final(const smtp::attempt_outcome& outcome, pipeline::delivery_kind kind)
{
    return outcome.ec == pipeline::next_step::fail ||
           (kind == pipeline::delivery_kind::mail &&
            outcome.ec == make_error_code(pipeline::delivery_errc::not_sendable));
}
}

smtp::outgoing_mail outgoing(const pipeline::prepared_mail& mail)
{
    smtp::outgoing_mail out;
    out.reverse_path = mail.reverse_path;
    out.recipient = mail.recipient;
    out.notify = {mail.notify.never, mail.notify.success, mail.notify.failure, mail.notify.delay};
    out.orcpt = mail.orcpt;
    out.ret = ret_of(mail.ret);
    out.envid = mail.envid;
    if (mail.body == pipeline::ports::mail_envelope::body_type::eight_bit_mime)
        out.body = smtp::body_type::eight_bit_mime;
    out.bytes = mail.bytes;
    return out;
}

pipeline::attempt_result result_of(const smtp::delivery_report& report, const std::string& host,
                                   pipeline::delivery_kind kind)
{
    const smtp::attempt_outcome& outcome = report.outcome;
    pipeline::attempt_result made;
    made.peer = report.peer_host.empty() ? host : report.peer_host;
    made.smtp_code = outcome.code;
    if (outcome.enhanced) made.enhanced_status = mime::report::write_enhanced_status(*outcome.enhanced);
    made.peer_text = outcome.text.reveal();
    if (report.tls) made.tls = report.tls->version + " " + report.tls->cipher;
    if (outcome.is_accepted()) {
        made.end = attempt_end::accepted;
        made.peer_reports = outcome.peer_reports;
        return made;
    }
    made.why = pipeline::cause_of(outcome.ec);
    if (outcome.is_uncertain())
        made.end = attempt_end::uncertain;
    else if (is_final(outcome, kind))
        made.end = attempt_end::permanent;
    else
        made.end = attempt_end::temporary;  // retry, or a person decides while the clock runs (design.md §5)
    return made;
}
}
