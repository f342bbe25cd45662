// Writing of delivery status notifications.
#include "mime/message/compose.hpp"
#include "mime/message/header.hpp"
#include "mime/report/dsn.hpp"
#include "mime/text/ascii.hpp"

#include <algorithm>

namespace mime::report {
namespace {
std::string_view name_of(dsn_action action) noexcept
{
    switch (action) {
        case dsn_action::failed: return "failed";
        case dsn_action::delayed: return "delayed";
        case dsn_action::delivered: return "delivered";
        case dsn_action::relayed: return "relayed";
        case dsn_action::expanded: return "expanded";
    }
    return "failed";
}

std::string_view french(dsn_action action) noexcept
{
    switch (action) {
        case dsn_action::failed: return "n'a pas pu être remis";
        case dsn_action::delayed: return "n'est pas encore remis ; les essais continuent";
        case dsn_action::delivered: return "a été remis dans la boîte aux lettres";
        case dsn_action::relayed: return "a été transmis à un serveur qui ne confirme pas la remise";
        case dsn_action::expanded: return "a été transmis aux membres d'une liste";
    }
    return "n'a pas pu être remis";
}

std::string_view english(dsn_action action) noexcept
{
    switch (action) {
        case dsn_action::failed: return "could not be delivered";
        case dsn_action::delayed: return "is not delivered yet; we keep trying";
        case dsn_action::delivered: return "was delivered to the mailbox";
        case dsn_action::relayed: return "was relayed to a server that does not confirm delivery";
        case dsn_action::expanded: return "was passed on to the members of a list";
    }
    return "could not be delivered";
}

class writer {
public:
    void field(std::string_view name, std::string_view value)
    {
        const auto line = message::write_field(name, value);
        if (line.has_value())
            out_ += *line;
        else
            failed_ = report_errc::bad_header_value;
    }
    void known_field(std::string_view name, std::string_view value)
    {
        if (!value.empty()) field(name, value);
    }
    void address_field(std::string_view name, std::string_view address)
    {
        const auto checked = message::read_address(address);
        if (checked.has_value())
            field(name, "rfc822; " + checked->text());
        else
            failed_ = report_errc::bad_address;
    }
    // "type;value" (RFC 3464 §2.3.1): the type is an atom; any printable value, since it is the sender's own.
    void typed_field(std::string_view name, std::string_view typed)
    {
        const auto semicolon = typed.find(';');
        const std::string_view type = typed.substr(0, semicolon);
        const bool fine = semicolon != std::string_view::npos && semicolon + 1 < typed.size() && !type.empty() &&
                          std::all_of(type.begin(), type.end(), [](char c) { return is_alnum(c) || c == '-'; });
        if (!fine)
            failed_ = report_errc::bad_address;
        else
            field(name, std::string(type) + ";" + std::string(typed.substr(semicolon + 1)));
    }
    void empty_line() { out_ += "\r\n"; }
    [[nodiscard]] result<std::string> take()
    {
        if (failed_) return failed_;
        return std::move(out_);
    }

private:
    std::string out_;
    boost::system::error_code failed_;
};

result<std::string> status_part(const dsn_message& report)
{
    writer out;
    out.field("Content-Type", "message/delivery-status");
    out.field("Content-Transfer-Encoding", "7bit");
    out.empty_line();
    out.field("Reporting-MTA", "dns; " + report.reporting_mta);
    out.known_field("Original-Envelope-Id", report.original_envelope_id);
    out.field("Arrival-Date", message::write_date(report.arrival));
    for (const auto& recipient : report.recipients) {
        out.empty_line();
        if (!recipient.original_recipient.empty()) out.typed_field("Original-Recipient", recipient.original_recipient);
        out.address_field("Final-Recipient", recipient.final_recipient);
        out.field("Action", name_of(recipient.action));
        out.field("Status", write_enhanced_status(recipient.status));
        if (!recipient.remote_mta.empty()) out.field("Remote-MTA", "dns; " + recipient.remote_mta);
        if (!recipient.diagnostic.empty()) out.field("Diagnostic-Code", "smtp; " + recipient.diagnostic);
    }
    return out.take();
}

result<std::string> returned_part(const dsn_message& report)
{
    writer out;
    if (!report.full_original.empty()) {
        if (!is_seven_bit_mail(report.full_original)) return report_errc::malformed;
        out.field("Content-Type", "message/rfc822");
        out.field("Content-Transfer-Encoding", "7bit");
        out.empty_line();
        auto whole = out.take();
        if (whole.has_value()) whole->append(report.full_original);
        return whole;
    }
    const returned_header& original = report.original;
    out.field("Content-Type", "text/rfc822-headers");
    out.field("Content-Transfer-Encoding", "7bit");
    out.empty_line();
    out.known_field("Date", original.date);
    out.known_field("From", original.from);
    out.known_field("To", original.to);
    out.known_field("Subject", original.subject);
    if (!original.message_id.empty()) out.field("Message-ID", '<' + original.message_id + '>');
    return out.take();
}

result<std::string> people_part(const dsn_message& report)
{
    std::string text = "Rapport de remise établi par " + report.reporting_mta + ".\n\n";
    for (const auto& recipient : report.recipients)
        text.append("Votre message à ")
            .append(recipient.final_recipient)
            .append("\n")
            .append(french(recipient.action))
            .append(" (")
            .append(write_enhanced_status(recipient.status))
            .append(").\n");
    text += "\nDelivery report.\n\n";
    for (const auto& recipient : report.recipients)
        text.append("Your message to ")
            .append(recipient.final_recipient)
            .append("\n")
            .append(english(recipient.action))
            .append(" (")
            .append(write_enhanced_status(recipient.status))
            .append(").\n");
    return message::text_part(text);
}

std::string_view subject_of(const dsn_message& report) noexcept
{
    switch (report.recipients.front().action) {
        case dsn_action::failed: return "Echec de remise (delivery failed)";
        case dsn_action::delayed: return "Remise retardee (delivery delayed)";
        default: return "Avis de remise (delivery report)";
    }
}

result<std::string> top_header(const dsn_message& report)
{
    const auto from = message::write_mailbox(report.from);
    const auto to = message::read_address(report.to);
    const auto id = message::write_message_id(report.message_id);
    if (!from.has_value() || !to.has_value()) return report_errc::bad_address;
    if (!id.has_value()) return report_errc::bad_header_value;
    writer out;
    out.field("From", *from);
    out.field("To", to->text());
    out.field("Date", message::write_date(report.date));
    out.field("Message-ID", *id);
    out.field("Subject", subject_of(report));
    out.field("Auto-Submitted", "auto-replied");  // RFC 3834 §3.1.7
    out.field("MIME-Version", "1.0");
    return out.take();
}
}

bool is_seven_bit_mail(std::string_view message) noexcept
{
    constexpr std::size_t max_line_octets = 998;
    while (!message.empty()) {
        const std::size_t end = message.find("\r\n");
        const std::string_view line = message.substr(0, end);
        const auto plain = [](char c) { return c != '\0' && c != '\r' && c != '\n' && !is_8bit(c); };
        if (end == std::string_view::npos || line.size() > max_line_octets ||
            !std::all_of(line.begin(), line.end(), plain))
            return false;
        message.remove_prefix(end + 2);
    }
    return true;
}

result<std::string> write_dsn(const dsn_message& report)
{
    if (report.recipients.empty()) return report_errc::malformed;
    auto header = top_header(report);
    auto people = people_part(report);
    auto status = status_part(report);
    auto returned = returned_part(report);
    for (const auto* piece : {&header, &people, &status, &returned})
        if (!piece->has_value()) return piece->error();
    return message::write_multipart("report", report.boundary_token, {*people, *status, *returned},
                                    ";\r\n report-type=delivery-status", *header);
}
}
