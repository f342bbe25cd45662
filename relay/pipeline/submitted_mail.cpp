#include "relay/pipeline/submitted_mail.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "mime/text/ascii.hpp"
#include "relay/pipeline/causes.hpp"

namespace relay::pipeline {
namespace json = boost::json;
using mime::report::dsn_action;
using mime::report::enhanced_status;
namespace {
constexpr std::array hidden_fields{std::string_view("Bcc"), std::string_view("Resent-Bcc"),
                                   std::string_view("Return-Path")};

bool is_hidden(std::string_view name)
{
    return std::any_of(hidden_fields.begin(), hidden_fields.end(),
                       [&](std::string_view one) { return mime::same_text(mime::trim(name), one); });
}

std::string text_of(const json::object& from, std::string_view key)
{
    const json::value* value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool flag_of(const json::object& from, std::string_view key)
{
    const json::value* value = from.if_contains(key);
    return value != nullptr && value->is_bool() && value->get_bool();
}

// The peer's own status, else that of the cause; what was tried until it was given up keeps its transient one, as the
// problem found is worth more than the age of the mail (RFC 3463 §3.5, X.4.7).
enhanced_status status_of(dsn_action action, const last_reply& reply)
{
    const auto said = mime::report::read_enhanced_status(reply.enhanced_status);
    if (action == dsn_action::relayed || action == dsn_action::delivered)
        return said && said->klass == 2 ? *said : enhanced_status{2, 0, 0};
    const cause why = reply.why == cause::none ? cause::unknown : reply.why;
    enhanced_status status = said ? *said : facts_of(why).status;
    if (action == dsn_action::delayed) status.klass = 4;
    return status;
}

// RFC 3464 §2.3.6: "550 5.1.1 text" in one line of printable ASCII; empty when the peer said nothing.
std::string diagnostic_of(const last_reply& reply)
{
    constexpr std::size_t most_octets = 400;
    if (reply.smtp_code == 0) return {};
    std::string line = std::to_string(reply.smtp_code);
    if (!reply.enhanced_status.empty() && reply.peer_text.find(reply.enhanced_status) == std::string::npos)
        line += ' ' + reply.enhanced_status;
    if (!reply.peer_text.empty()) line += ' ' + reply.peer_text;
    line.resize(std::min(line.size(), most_octets));
    std::replace_if(
        line.begin(), line.end(), [](char c) { return mime::is_control(c) || mime::is_8bit(c); }, ' ');
    return line;
}
}

std::string complete_submitted(std::string_view message, const mime::message::header_view& header,
                               const completion& with)
{
    std::string out;
    out.reserve(message.size() + 256);
    if (!header.find("Message-ID")) out += "Message-ID: <" + with.message_id + ">\r\n";
    if (!header.find("Date")) out += "Date: " + with.date + "\r\n";
    const char* from = message.data();
    for (const auto& field : header.fields()) {
        if (!is_hidden(field.name)) continue;
        out.append(from, field.raw.data());
        from = field.raw.data() + field.raw.size();
    }
    return out.append(from, message.data() + message.size());
}

std::string write_envelope(const ports::mail_envelope& of, const ports::envelope_recipient& to)
{
    json::object out{{"address", to.address}, {"reverse_path", of.reverse_path}};
    if (!of.envid.empty()) out["envid"] = of.envid;
    if (!to.orcpt.empty()) out["orcpt"] = to.orcpt;
    if (of.ret != ports::return_wish::not_said) out["full"] = of.ret == ports::return_wish::full;
    const ports::notify_wish& wish = to.notify;
    if (wish.is_asked())
        out["notify"] = json::object{{"success", wish.success}, {"failure", wish.failure}, {"delay", wish.delay}};
    return json::serialize(out);
}

ports::mail_envelope read_envelope(std::string_view text)
{
    ports::mail_envelope envelope;
    ports::envelope_recipient to;
    json::parse_options any_octets;  // an ORCPT may hold what is no UTF-8
    any_octets.allow_invalid_utf8 = true;
    boost::system::error_code damaged;
    const json::value parsed = json::parse(text, damaged, {}, any_octets);
    if (!damaged && parsed.is_object()) {
        const json::object& from = parsed.get_object();
        to.address = text_of(from, "address");
        envelope.reverse_path = text_of(from, "reverse_path");
        envelope.envid = text_of(from, "envid");
        to.orcpt = text_of(from, "orcpt");
        if (from.contains("full"))
            envelope.ret = flag_of(from, "full") ? ports::return_wish::full : ports::return_wish::headers;
        if (const json::value* wish = from.if_contains("notify"); wish != nullptr && wish->is_object()) {
            const json::object& asked = wish->get_object();
            to.notify = {false, flag_of(asked, "success"), flag_of(asked, "failure"), flag_of(asked, "delay")};
            to.notify.never = !to.notify.is_asked();
        }
    }
    envelope.recipients.push_back(std::move(to));
    return envelope;
}

delivery_id queue_submitted(ports::transaction& tx, const services& with, const ports::mail_envelope& envelope,
                            const ports::envelope_recipient& to, const ports::sealed_object& sealed)
{
    delivery_row row;
    row.id = delivery_id::make();
    row.kind = delivery_kind::mail;
    row.recipient_key = with.vault.match_key("recipient", mime::lower(to.address));
    row.recipient = with.vault.seal_field(field::recipient, write_envelope(envelope, to));
    row.domain = domain_of(to.address);
    row.created_at = row.next_try = with.clock.now();
    row.deadline = row.last_deadline = row.created_at + std::chrono::hours(24);
    row.mail = sealed.id;
    row.octets = sealed.length;
    tx.save_delivery(row);
    event queued;
    queued.at = row.created_at;
    queued.kind = event_kind::routed;
    record(tx, row, std::move(queued));
    return row.id;
}

void forget_bytes(ports::transaction& tx, delivery_row& row)
{
    const blob_id bytes = std::exchange(row.mail, {});
    tx.save_delivery(row);
    if (!bytes.empty() && !tx.is_mail_in_use(bytes)) tx.remove_blob(bytes);
}

last_reply last_reply_of(const std::vector<event>& history)
{
    last_reply found;
    for (const event& one : history) {
        if (one.kind != event_kind::deferred && one.kind != event_kind::refused && one.kind != event_kind::reply_lost)
            continue;
        found = {one.facts.why, one.facts.smtp_code, one.facts.enhanced_status, one.facts.peer_text, one.facts.peer};
    }
    return found;
}

std::optional<made_report> report_submitted(const services& with, const reporting_options& options,
                                            const ports::mail_envelope& envelope, std::string_view message,
                                            instant arrived, dsn_action action, const last_reply& reply)
{
    const ports::envelope_recipient& to = envelope.recipients.front();
    if (!is_wanted(to.notify, action)) return std::nullopt;
    return make_report(with, options, envelope, message, arrived,
                       {{to.address, to.orcpt, action, status_of(action, reply), diagnostic_of(reply), reply.peer}});
}
}
