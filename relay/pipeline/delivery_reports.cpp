#include "relay/pipeline/delivery_reports.hpp"

#include <algorithm>

#include "mime/message/header.hpp"
#include "mime/smime/enveloped.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

namespace relay::pipeline {
namespace {
using mime::message::header_view;
using mime::report::dsn_action;

bool is_printable(std::string_view value)
{
    return std::none_of(value.begin(), value.end(), [](char c) { return mime::is_8bit(c) || mime::is_control(c); });
}

// The same for the same news, so that it is told once.
std::string report_id(const ports::mail_envelope& envelope, std::string_view message,
                      const std::vector<reported_recipient>& about)
{
    std::string all = envelope.reverse_path + '\n' + envelope.envid + '\n' + mime::hex(mime::sha256(message));
    for (const auto& one : about)
        all += '\n' + mime::lower(one.address) + ' ' + std::to_string(static_cast<int>(one.action));
    return mime::hex(mime::sha256(all)).substr(0, 40);
}

mime::report::dsn_message describe(const reporting_options& options, const ports::mail_envelope& envelope,
                                   std::string_view message, const std::vector<reported_recipient>& about)
{
    mime::report::dsn_message report;
    report.reporting_mta = options.node_name;
    report.from = {"", options.report_from};
    report.to = envelope.reverse_path;
    report.boundary_token = base::random_token();
    report.original_envelope_id = envelope.envid;
    bool failed = false;
    for (const auto& one : about) {
        report.recipients.push_back({one.orcpt, one.address, one.action, one.status, one.diagnostic, one.remote_mta});
        failed = failed || one.action == dsn_action::failed;
    }
    const auto header = header_view::read(message);
    if (!header.has_value()) return report;
    const auto value = [&](std::string_view name) { return header->find(name).value_or(std::string()); };
    report.original = {value("Date"), value("From"), value("To"),
                       mime::message::read_message_id(value("Message-ID")).value_or(""), ""};
    const bool stays_here = options.is_here && options.is_here(domain_of(envelope.reverse_path));
    if (stays_here && is_printable(value("Subject"))) report.original.subject = value("Subject");
    const bool whole =
        failed && envelope.ret == ports::return_wish::full && (stays_here || mime::smime::is_enveloped(message));
    if (whole && mime::report::is_seven_bit_mail(message)) report.full_original = message;
    return report;
}
}

mime::message::mail_date date_of(instant at, const mime::zone& zone)
{
    return {std::chrono::floor<std::chrono::seconds>(at),
            std::chrono::duration_cast<std::chrono::minutes>(zone.offset_at(at))};
}

bool is_wanted(const ports::notify_wish& wish, dsn_action action) noexcept
{
    if (wish.never) return false;
    switch (action) {
        case dsn_action::failed: return wish.failure || !wish.is_asked();
        case dsn_action::delayed: return wish.delay || !wish.is_asked();
        case dsn_action::delivered:
        case dsn_action::relayed:
        case dsn_action::expanded: break;
    }
    return wish.success;
}

std::optional<made_report> make_report(const services& with, const reporting_options& options,
                                       const ports::mail_envelope& envelope, std::string_view message, instant arrived,
                                       const std::vector<reported_recipient>& about)
{
    if (envelope.reverse_path.empty() || about.empty()) return std::nullopt;
    auto report = describe(options, envelope, message, about);
    report.message_id = report_id(envelope, message, about) + "@" + options.node_name;
    report.date = date_of(with.clock.now(), options.zone);
    report.arrival = date_of(arrived, options.zone);
    auto bytes = mime::report::write_dsn(report);
    if (!bytes.has_value()) {  // a field of the original that cannot be repeated: the news without it
        report.original = {};
        report.original_envelope_id.clear();
        for (auto& one : report.recipients) one.original_recipient.clear();
        bytes = mime::report::write_dsn(report);
    }
    if (!bytes.has_value()) {
        obs::error(obs::event::letter_failed, "step=report code={}", bytes.error().message());
        return std::nullopt;  // the mail itself is decided; the sender lacks one report
    }
    return seal_report(with, *bytes, envelope.reverse_path, report.message_id);
}

made_report seal_report(const services& with, std::string_view bytes, const std::string& address,
                        const std::string& message_id)
{
    made_report made{{}, with.vault.seal(bytes)};
    recipient to;
    to.address = address;
    delivery_row& row = made.row;
    row.id = delivery_id::make();
    row.kind = delivery_kind::report;
    row.recipient_key = recipient_key(with.vault, to);
    row.recipient = with.vault.seal_field(field::recipient, write_recipient(to));
    row.domain = domain_of(address);
    row.created_at = row.next_try = with.clock.now();
    row.deadline = row.last_deadline = row.created_at + std::chrono::hours(24);
    row.message_id = message_id;
    row.mail = made.sealed.id;
    return made;
}

bool queue_report(ports::transaction& tx, const made_report& report)
{
    if (tx.delivery_by_message_id(report.row.message_id)) return false;
    delivery_row row = report.row;
    tx.add_blob(report.sealed);
    tx.save_delivery(row);
    event queued;
    queued.at = row.created_at;
    queued.kind = event_kind::routed;
    record(tx, row, std::move(queued));
    obs::add(obs::counter::reports_queued);
    return true;
}
}
