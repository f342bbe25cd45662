#include "relay/pipeline/mail_content.hpp"

#include <algorithm>

#include "mime/message/entity.hpp"
#include "mime/report/dsn.hpp"
#include "mime/report/mdn.hpp"
#include "mime/smime/enveloped.hpp"

namespace relay::pipeline {
namespace {
using mime::message::parsed_entity;
using mime::message::part;
using mime::message::part_kind;

std::size_t octets_of(const part& one)
{
    return one.end - one.body_start;
}

bool is_short(const part& one, const report_form_limits& limits)
{
    return octets_of(one) <= limits.max_text_octets;
}

// Words for people: text, or the same text in several forms.
bool is_words(const parsed_entity& mail, const part& one, const report_form_limits& limits)
{
    if (one.kind == part_kind::leaf) return one.type == "text" && is_short(one, limits);
    const auto is_text = [&](std::size_t child) {
        const part& form = mail.parts()[child];
        return form.kind == part_kind::leaf && form.type == "text" && is_short(form, limits);
    };
    return one.is("multipart", "alternative") && std::all_of(one.children.begin(), one.children.end(), is_text);
}

// What is given back of the mail the report is about: its header, or the whole of it if that is encrypted.
bool is_harmless_return(const parsed_entity& mail, const part& one, const report_form_limits& limits)
{
    if (one.is("text", "rfc822-headers")) return is_short(one, limits);
    return one.is("message", "rfc822") && mime::smime::is_enveloped(mail.body(one));
}

bool is_machine_part(const parsed_entity& mail, const part& one, const report_form_limits& limits)
{
    if (!is_short(one, limits)) return false;
    const auto body = mail.decoded_body(one);
    if (!body.has_value()) return false;
    if (one.is("message", "delivery-status")) return mime::report::read_delivery_status(*body).has_value();
    return one.is("message", "disposition-notification") &&
           mime::report::read_disposition_notification(*body).has_value();
}

// Words, machine part, and perhaps what is given back (RFC 6522 §3).
bool is_report(std::string_view message, const report_form_limits& limits)
{
    const auto mail = mime::message::read_entity(std::string(message));
    if (!mail.has_value()) return false;
    const auto& children = mail->root().children;
    if (!mail->root().is("multipart", "report") || children.size() < 2 || children.size() > 3) return false;
    const auto child = [&](std::size_t index) -> const part& { return mail->parts()[children[index]]; };
    if (!is_words(*mail, child(0), limits) || !is_machine_part(*mail, child(1), limits)) return false;
    if (children.size() == 3 && !is_harmless_return(*mail, child(2), limits)) return false;
    const bool gives_mail_back = children.size() == 3 && child(2).is("message", "rfc822");
    return message.size() - (gives_mail_back ? octets_of(child(2)) : 0) <= limits.max_octets;
}
}

mail_content content_of(std::string_view message, const report_form_limits& limits)
{
    if (mime::smime::is_enveloped(message)) return mail_content::enveloped;
    return is_report(message, limits) ? mail_content::report : mail_content::clear;
}
}
