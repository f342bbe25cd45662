#include "relay/track/returns.hpp"

#include <array>
#include <utility>

#include "mime/message/address.hpp"
#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/evidence_record.hpp"
#include "relay/pipeline/reception.hpp"
#include "relay/track/report_event.hpp"

namespace relay::track {
using namespace pipeline;
using mime::report::return_kind;
using ports::recipient_verdict;
using ports::store_verdict;
namespace {
// Why a mail is listed for people, and what they read of it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> reasons{
    {{"UNMATCHED", "courriel reçu sans rapport avec un envoi connu : à lire par une personne"},
     {"CONTRADICTORY", "rapport qui désigne deux envois à la fois : rien n'a été changé, à lire par une personne"},
     {"OTHER_RECIPIENT", "rapport sur un de nos envois, mais pour un autre destinataire : rien n'a été changé"},
     {"UNCLEAR", "courriel au sujet d'un de nos envois, dont le sens n'est pas sûr : à lire par une personne"},
     {"LATE_NEGATIVE", "échec annoncé après une preuve de lecture : rien n'a été changé, à trancher par une personne"},
     {"AUTO_REPLY", "réponse automatique (absence, accusé) : ne prouve aucune lecture"},
     {"REPLY", "réponse à une lettre : à lire par le service"},
     {"DISPUTED", "le destinataire dit que la lettre n'est pas pour lui : service, identitovigilance, DPO"}}};

std::string_view text_of(std::string_view code)
{
    for (const auto& [each, text] : reasons)
        if (each == code) return text;
    return reasons.front().second;
}

// Only what the fold took for true is told on.
void tell_reception(ports::transaction& tx, const services& with, const delivery_row& row, const event& next,
                    const mime::zone& zone)
{
    if (next.kind == event_kind::report_delivered && is_accepted(row.state))
        queue_reception(tx, with, row, next.at, std::nullopt, zone);
    else if (next.kind != event_kind::report_failed && is_accepted(row.state))
        correct_reception(tx, with, row, next.at, zone);
    if (next.kind == event_kind::report_failed && row.state == delivery_state::failed)
        queue_reception(tx, with, row, next.at, failure_by_reply(next.facts.smtp_code, next.facts.enhanced_status),
                        zone);
}

// mssante.md §6.1: displayed, processed and deleted are readings; an error is one of the recipient's software.
void tell_reading(ports::transaction& tx, const services& with, const delivery_row& row, instant now,
                  const mime::report::disposition_notification& said, const mime::zone& zone)
{
    using mime::report::disposition_type;
    reading_report report{said.final_recipient, std::nullopt, reading_proof::certain};
    if (said.is_error)
        report.error = said.error_code.value_or(0);
    else if (said.type == disposition_type::deleted)
        report.proof = reading_proof::weak;
    else if (said.type != disposition_type::displayed && said.type != disposition_type::processed)
        return;
    queue_reading(tx, with, row, now, report, zone);
}

std::string_view code_of(match_outcome outcome)
{
    switch (outcome) {
        case match_outcome::contradictory: return "CONTRADICTORY";
        case match_outcome::other_recipient: return "OTHER_RECIPIENT";
        case match_outcome::unknown:
        case match_outcome::matched: break;
    }
    return "UNMATCHED";
}

// For the log: mssante.md §6.4. What a peer says is told only if it is a domain.
std::string sending_domain(std::string_view reverse_path)
{
    const auto address = mime::message::read_address(reverse_path);
    return address.has_value() ? address->domain : "-";
}
}

struct returns::arrival {
    const ports::mail_envelope& envelope;
    std::string_view message;
    const ports::session_facts& from;
    mime::report::returned_mail read;
    instant now;
    std::string key;                   // of the bytes
    ports::sealed_object sealed = {};  // kept with the row, unless a mailbox or the list for people has the bytes
    match_outcome outcome = match_outcome::unknown;  // of the unit that was written
    bool applied = false;
    bool listed = false;
    bool repeated = false;
};

returns::returns(services with, returns_options options) : with_(with), options_(std::move(options)) {}

recipient_verdict returns::check_recipient(std::string_view address, const ports::session_facts&)
{
    const auto at = address.rfind('@');
    if (at == std::string_view::npos)
        return address == "postmaster" ? recipient_verdict::accepted : recipient_verdict::mailbox_unknown;
    const std::string normal = std::string(address.substr(0, at + 1)) + domain_of(address);
    return normal == options_.report_mailbox ? recipient_verdict::accepted : recipient_verdict::not_local;
}

void returns::list(ports::transaction& tx, arrival& mail, const match& found, std::string_view code) const
{
    mail.listed = true;
    const std::string about = found.row ? "livraison " + found.row->id.text() : std::string();
    keep_for_people(tx, with_, mail.message, code, text_of(code), about);
}

void returns::apply(ports::transaction& tx, arrival& mail, match& found) const
{
    delivery_row& row = *found.row;
    const auto next = event_of_report(mail.read, found.recipient, mail.now);
    if (next && record_evidence(tx, row, *next) == evidence_use::recorded) {
        tell_reception(tx, with_, row, *next, options_.zone);
        mail.applied = true;
    }
    if (mail.read.disposition && (mail.applied || !next))
        tell_reading(tx, with_, row, mail.now, *mail.read.disposition, options_.zone);
    if (next && next->kind == event_kind::report_failed && is_read(row.state)) list(tx, mail, found, "LATE_NEGATIVE");
}

// By its bytes the same mail counts once, whatever way and however often it comes (mssante.md §6.4). What people read
// has its bytes kept there; of what was applied they stay as long as the letter's content (domain.md §10).
void returns::take(ports::transaction& tx, arrival& mail, kept reply) const
{
    mail.applied = mail.listed = false;
    mail.repeated = tx.returned().is_known(mail.key);
    if (mail.repeated) return;
    match found = correlate(tx, with_.vault, mail.read);
    mail.outcome = found.outcome;
    judge(tx, mail, found, reply);
    ports::returned_mail_row row{mail.key, mail.now, {}, {}};
    if (found.row) row.delivery = found.row->id;
    if (!mail.listed && reply == kept::for_people) row.content = mail.sealed.id;
    if (!row.content.empty()) tx.add_blob(mail.sealed);
    tx.returned().add(row);
}

void returns::judge(ports::transaction& tx, arrival& mail, match& found, kept reply) const
{
    if (found.outcome != match_outcome::matched) return list(tx, mail, found, code_of(found.outcome));
    const bool disputes = mail.read.wording == mime::report::reply_wording::not_my_patient;
    switch (mail.read.kind) {
        case return_kind::dsn:
        case return_kind::bounce:
        case return_kind::mdn: return apply(tx, mail, found);
        case return_kind::reply:
            apply(tx, mail, found);
            if (disputes || reply == kept::for_people) list(tx, mail, found, disputes ? "DISPUTED" : "REPLY");
            return;
        case return_kind::auto_reply: return list(tx, mail, found, "AUTO_REPLY");
        case return_kind::other: return list(tx, mail, found, "UNCLEAR");
    }
}

// The mailbox first: it knows a repeat, so a crash before the event costs the sender one more try and nobody a copy.
result<returns::kept> returns::keep_reply(const arrival& mail, store_verdict& verdict) const
{
    if (mail.read.kind != return_kind::reply || options_.mailboxes == nullptr || options_.replies_to.empty())
        return kept::for_people;
    auto outcome = match_outcome::unknown;
    const auto asked =
        with_.store.read([&](ports::reader& reader) { outcome = correlate(reader, with_.vault, mail.read).outcome; });
    if (!asked.has_value()) return asked.error();
    if (outcome != match_outcome::matched) return kept::for_people;
    ports::mail_envelope onward;
    onward.reverse_path = mail.envelope.reverse_path;
    onward.body = mail.envelope.body;
    onward.recipients.emplace_back();
    onward.recipients.front().address = options_.replies_to;
    onward.recipients.front().notify.never = true;  // the sender has our 250, and nobody asked for more
    verdict = options_.mailboxes->store(onward, mail.message, mail.from);
    const bool is_kept = verdict == store_verdict::stored || verdict == store_verdict::duplicate;
    return is_kept ? kept::in_mailbox : kept::for_people;
}

store_verdict returns::store(const ports::mail_envelope& envelope, std::string_view message,
                             const ports::session_facts& from)
{
    const std::string digest = mime::hex(mime::sha256(message));
    arrival mail{envelope,
                 message,
                 from,
                 mime::report::read_returned_mail(message),
                 with_.clock.now(),
                 with_.vault.match_key("returned", digest)};
    if (mail.read.message_id.empty()) mail.read.message_id = "sha256:" + digest;  // the bytes name it then
    auto verdict = store_verdict::stored;
    const auto reply = keep_reply(mail, verdict);
    if (!reply.has_value()) return store_verdict::temporary_failure;
    if (verdict == store_verdict::temporary_failure || verdict == store_verdict::no_space) return verdict;
    if (*reply == kept::for_people) mail.sealed = with_.vault.seal(message);
    const auto written = with_.store.write([&](ports::transaction& tx) { take(tx, mail, *reply); });
    if (!written.has_value())
        return written.error() == boost::system::errc::no_space_on_device ? store_verdict::no_space
                                                                          : store_verdict::temporary_failure;
    if (mail.repeated) return store_verdict::duplicate;
    obs::add(obs::counter::reports_received);
    const auto kind = name(mail.read.kind);
    const std::string domain = sending_domain(envelope.reverse_path);
    if (mail.outcome == match_outcome::matched)
        obs::info(obs::event::report_received, "kind={} events={} domain={}", kind, mail.applied ? 1 : 0, domain);
    else
        obs::warn(obs::event::report_unmatched, "kind={} octets={} domain={}", kind, message.size(), domain);
    return store_verdict::stored;
}
}
