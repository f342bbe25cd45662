#include "mime/report/find_report.hpp"

#include "mime/message/entity.hpp"
#include "mime/message/header.hpp"

namespace mime::report {
namespace {
using message::header_view;
using message::parsed_entity;
using message::part;

std::string message_id_in(std::string_view header)
{
    const auto fields = header_view::read(header);
    if (!fields.has_value()) return {};
    const auto value = fields->find("Message-ID");
    return value ? message::read_message_id(*value).value_or(std::string()) : std::string();
}

// Also "message/global-…" of RFC 6533: same fields.
bool is_delivery_status(const part& p)
{
    return p.is("message", "delivery-status") || p.is("message", "global-delivery-status");
}

bool is_disposition(const part& p)
{
    return p.is("message", "disposition-notification") || p.is("message", "global-disposition-notification");
}

std::string decoded(const parsed_entity& mail, const part& p)
{
    auto body = mail.decoded_body(p);
    return body.has_value() ? std::move(*body) : std::string(mail.body(p));
}

// Of the mail given back: whole or only its header.
std::string returned_message_id(const parsed_entity& mail)
{
    for (const auto* subtype : {"rfc822", "global"})
        if (const part* whole = mail.find("message", subtype))
            if (auto id = message_id_in(decoded(mail, *whole)); !id.empty()) return id;
    for (const auto* subtype : {"rfc822-headers", "rfc822-header"})
        if (const part* header = mail.find("text", subtype))
            if (auto id = message_id_in(decoded(mail, *header)); !id.empty()) return id;
    return {};
}

void read_top_header(const parsed_entity& mail, found_report& out)
{
    const auto fields = header_view::read(mail.header(mail.root()));
    if (!fields.has_value()) return;
    if (const auto id = fields->find("Message-ID")) out.report_message_id = message::read_message_id(*id).value_or("");
    for (const auto* name : {"In-Reply-To", "References"})
        if (const auto value = fields->find(name))
            for (auto& id : message::read_message_ids(*value)) out.related_ids.push_back(std::move(id));
}

boost::system::error_code read_machine_part(const parsed_entity& mail, const part& p, const report_limits& limits,
                                            found_report& out)
{
    if (is_delivery_status(p)) {
        auto read = read_delivery_status(decoded(mail, p), limits.dsn);
        if (!read.has_value())
            return read.error() == report_errc::too_large ? read.error() : boost::system::error_code();
        out.kind = report_kind::dsn;
        out.delivery = std::move(*read);
    } else if (is_disposition(p)) {
        auto read = read_disposition_notification(decoded(mail, p), limits.mdn);
        if (!read.has_value())
            return read.error() == report_errc::too_large ? read.error() : boost::system::error_code();
        out.kind = report_kind::mdn;
        out.original_message_id = read->original_message_id;
        out.disposition = std::move(*read);
    }
    return {};
}
}

result<found_report> find_report(std::string_view bytes, const report_limits& limits)
{
    const auto mail = message::read_entity(std::string(bytes), limits.scan);
    if (!mail.has_value()) return mail.error();
    found_report out;
    read_top_header(*mail, out);
    std::size_t embedded_end = 0;  // a report inside a mail that is itself given back is not this mail's report
    for (const auto& p : mail->parts()) {
        if (p.header_start < embedded_end) continue;
        if (out.kind == report_kind::none)
            if (const auto failed = read_machine_part(*mail, p, limits, out)) return failed;
        if (p.kind == message::part_kind::message) embedded_end = p.end;
    }
    if (out.original_message_id.empty()) out.original_message_id = returned_message_id(*mail);
    if (out.original_message_id.empty() && !out.related_ids.empty()) out.original_message_id = out.related_ids.front();
    return out;
}
}
