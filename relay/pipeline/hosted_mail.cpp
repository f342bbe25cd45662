#include "relay/pipeline/hosted_mail.hpp"

#include "mime/message/header.hpp"
#include "mime/message/imap_view.hpp"
#include "mime/report/dsn.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"

namespace relay::pipeline {
using ports::recipient_verdict;
using ports::store_verdict;

struct hosted_mail::arrival {
    const ports::mail_envelope& envelope;
    std::string message_id;
    mime::report::returned_header header;  // nothing that names a patient: no subject
    instant at;
};

namespace {
std::string header_value(const mime::message::header_view& header, std::string_view name)
{
    return header.find(name).value_or(std::string());
}
}

// RFC 5321 §4.5.1: "postmaster" alone, or at a hosted domain, whatever its case; always accepted.
bool hosted_mail::is_postmaster(std::string_view address) const
{
    const auto at = address.rfind('@');
    return mime::lower(address.substr(0, at)) == "postmaster" &&
           (at == std::string_view::npos || options_.domains.contains(domain_of(address)));
}

hosted_mail::hosted_mail(services with, hosted_mail_options options, std::function<void()> on_queued)
    : with_(with), options_(std::move(options)), on_queued_(std::move(on_queued))
{
}

std::string hosted_mail::mailbox_of(std::string_view address) const
{
    const auto at = address.rfind('@');
    if (is_postmaster(address)) return options_.postmaster;
    return std::string(address.substr(0, at + 1)) + domain_of(address);
}

recipient_verdict hosted_mail::check_recipient(std::string_view address, const ports::session_facts&)
{
    if (is_postmaster(address)) return recipient_verdict::accepted;
    const std::string mailbox = mailbox_of(address);
    if (!options_.domains.contains(domain_of(mailbox))) return recipient_verdict::not_local;
    std::optional<ports::account_row> account;
    if (!with_.store.read([&](ports::reader& store) { account = store.account_by_address(mailbox); }).has_value())
        return recipient_verdict::temporary_failure;
    if (!account) return recipient_verdict::mailbox_unknown;
    return account->enabled ? recipient_verdict::accepted : recipient_verdict::mailbox_closed;
}

store_verdict hosted_mail::store(const ports::mail_envelope& envelope, std::string_view message,
                                 const ports::session_facts& from)
{
    const instant now = with_.clock.now();
    arrival mail{envelope, {}, {}, now};
    if (const auto header = mime::message::header_view::read(message); header.has_value()) {
        mail.message_id = mime::message::read_message_id(header_value(*header, "Message-ID")).value_or("");
        mail.header = {header_value(*header, "Date"), header_value(*header, "From"), header_value(*header, "To"),
                       mail.message_id, ""};
    }
    std::string content = "Return-Path: <" + envelope.reverse_path + ">\r\n" +
                          ports::received_field(from, options_.node_name, base::random_token(), now);
    content += message;
    const mime::message::imap_view view = mime::message::make_imap_view(content);
    ports::new_message row;
    row.message_id = mail.message_id;
    row.received_sha256 = mime::hex(mime::sha256(message));
    row.rfc822_size = content.size();
    row.envelope = view.envelope;
    row.body = view.body;
    row.body_structure = view.body_structure;
    row.sections = view.sections.write_text();
    row.received_at = now;
    // One mailbox after the other: a failure half-way is answered 4yz, and those served already know the repeat.
    bool any_new = false;
    std::set<std::string, std::less<>> served;
    for (const auto& to : envelope.recipients) {
        row.address = mailbox_of(to.address);
        if (!served.insert(mime::lower(row.address)).second) continue;
        row.content = with_.vault.seal(content);  // an object has one owner
        const auto written = with_.store.write([&](ports::transaction& tx) {
            if (row.address.empty() || (is_postmaster(to.address) && !tx.account_by_address(row.address))) {
                const auto kept = keep_for_people(tx, with_, message, "POSTMASTER",
                                                  "courriel au postmaster : à lire par une personne");
                any_new = any_new || kept == ports::stored_as::new_message;
                return;
            }
            if (tx.add_message(row) == ports::stored_as::duplicate) return;
            any_new = true;
            if (to.notify.success && !envelope.reverse_path.empty()) queue_report(tx, mail, to);
        });
        if (!written.has_value())
            return written.error() == boost::system::errc::no_space_on_device ? store_verdict::no_space
                                                                              : store_verdict::temporary_failure;
    }
    obs::info(obs::event::smtp_stored, "recipients={} octets={} repeat={}", served.size(), message.size(), !any_new);
    if (any_new && on_queued_) on_queued_();
    return any_new ? store_verdict::stored : store_verdict::duplicate;
}

void hosted_mail::queue_report(ports::transaction& tx, const arrival& mail, const ports::envelope_recipient& to) const
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(mail.at);
    const mime::message::mail_date date{
        seconds, std::chrono::duration_cast<std::chrono::minutes>(options_.zone.offset_at(mail.at))};
    mime::report::dsn_message report;
    report.reporting_mta = options_.node_name;
    report.from = {"", options_.report_from};
    report.to = mail.envelope.reverse_path;
    report.date = report.arrival = date;
    report.message_id = base::random_token() + "@" + options_.node_name;
    report.boundary_token = base::random_token();
    report.original_envelope_id = mail.envelope.envid;
    report.original = mail.header;
    mime::report::dsn_recipient delivered;
    delivered.final_recipient = mailbox_of(to.address);
    if (to.orcpt.starts_with("rfc822;")) delivered.original_recipient = to.orcpt.substr(7);
    delivered.diagnostic = "250 2.1.5 delivered";
    report.recipients.push_back(std::move(delivered));
    const auto bytes = mime::report::write_dsn(report);
    if (!bytes.has_value()) {
        obs::error(obs::event::letter_failed, "step=report code={}", bytes.error().message());
        return;  // the mail itself is safe; the sender lacks one report
    }
    const ports::sealed_object sealed = with_.vault.seal(*bytes);
    recipient back;
    back.address = mail.envelope.reverse_path;
    delivery_row row;
    row.id = delivery_id::make();
    row.kind = delivery_kind::report;
    row.recipient_key = with_.vault.match_key("recipient", back.address);
    row.recipient = with_.vault.seal_field(field::recipient, write_recipient(back));
    row.domain = domain_of(back.address);
    row.created_at = row.next_try = mail.at;
    row.message_id = report.message_id;
    row.mail = sealed.id;
    tx.add_blob(sealed);
    tx.save_delivery(row);
    event queued;
    queued.at = mail.at;
    queued.kind = event_kind::routed;
    record(tx, row, std::move(queued));
}
}
