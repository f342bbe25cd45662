#include "relay/track/returns.hpp"

#include <algorithm>

#include "mime/text/digest.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/evidence.hpp"
#include "relay/pipeline/reception.hpp"

namespace relay::track {
using namespace pipeline;
using mime::report::dsn_action;
using mime::report::report_kind;
using ports::recipient_verdict;
using ports::store_verdict;
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

cause why_failed(const mime::report::recipient_status& said)
{
    if (said.action != dsn_action::failed) return cause::none;
    return cause_of(classify(stage::report, said.smtp_code.value_or(0), said.status));
}

// Only what the fold took for true is told on.
void tell_reception(ports::transaction& tx, const services& with, const delivery_row& row, const event& next,
                    const mime::zone& zone)
{
    if (next.kind == event_kind::report_delivered && is_accepted(row.state))
        queue_reception(tx, with, row, next.at, std::nullopt, zone);
    if (next.kind == event_kind::report_failed && row.state == delivery_state::failed)
        queue_reception(
            tx, with, row, next.at,
            reception_failure{next.facts.smtp_code == 0 ? std::nullopt : std::optional(next.facts.smtp_code),
                              next.facts.enhanced_status},
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

// domain.md §4: the same report applied twice changes nothing. The key is a digest, so that the ledger names nobody.
std::string evidence_key(std::string_view report_id, std::string_view what)
{
    return mime::hex(mime::sha256(std::string(report_id) + '|' + std::string(what))).substr(0, 32);
}
}

std::vector<event> events_of_report(const mime::report::found_report& report, instant now)
{
    std::vector<event> made;
    event next;
    next.at = now;
    if (report.kind == report_kind::dsn && report.delivery) {
        // One recipient per mail (design.md §3.6): a report with several speaks of a forwarding we cannot tell apart.
        const auto& all = report.delivery->recipients;
        const auto worst =
            std::find_if(all.begin(), all.end(), [](const auto& r) { return r.action == dsn_action::failed; });
        const auto& status = worst != all.end() ? *worst : all.front();
        next.kind = kind_of(status.action);
        next.facts.why = why_failed(status);
        next.facts.smtp_code = status.smtp_code.value_or(0);
        if (status.status) next.facts.enhanced_status = mime::report::write_enhanced_status(*status.status);
        next.facts.peer_text = status.diagnostic;
        next.facts.evidence = evidence_key(report.report_message_id, name(next.kind));
        made.push_back(std::move(next));
    } else if (report.kind == report_kind::mdn && report.disposition) {
        const auto& said = *report.disposition;
        if (said.is_error) {
            next.kind = event_kind::software_rejected;
            next.facts.why = cause_of_filing(said.error_code);
            next.facts.smtp_code = said.error_code.value_or(0);
        } else if (said.type == mime::report::disposition_type::displayed) {
            next.kind = event_kind::displayed;
        } else if (said.type == mime::report::disposition_type::processed) {
            next.kind = event_kind::processed;
        } else {
            return made;  // dispatched, deleted, denied: seen or not, nobody can tell
        }
        next.facts.evidence = evidence_key(report.report_message_id, name(next.kind));
        made.push_back(std::move(next));
    }
    return made;
}

returns::returns(services with, returns_options options) : with_(with), options_(std::move(options)) {}

recipient_verdict returns::check_recipient(std::string_view address, const ports::session_facts&)
{
    const auto at = address.rfind('@');
    if (at == std::string_view::npos)
        return address == "postmaster" ? recipient_verdict::accepted : recipient_verdict::mailbox_unknown;
    const std::string normal = std::string(address.substr(0, at + 1)) + domain_of(address);
    return normal == options_.report_mailbox ? recipient_verdict::accepted : recipient_verdict::not_local;
}

store_verdict returns::store(const ports::mail_envelope&, std::string_view message, const ports::session_facts&)
{
    const instant now = with_.clock.now();
    auto report = mime::report::find_report(message);
    if (report.has_value() && report->report_message_id.empty())  // the bytes name it then
        report->report_message_id = "sha256:" + mime::hex(mime::sha256(message));
    const std::vector<event> events = report.has_value() ? events_of_report(*report, now) : std::vector<event>{};
    bool matched = false;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        matched = false;
        if (!report.has_value() || report->kind == report_kind::none) return;
        std::optional<delivery_row> row;
        if (report->delivery && !report->delivery->original_envelope_id.empty())
            row = tx.delivery_by_envid(report->delivery->original_envelope_id);
        if (!row && !report->original_message_id.empty()) row = tx.delivery_by_message_id(report->original_message_id);
        if (!row || row->kind != delivery_kind::letter) return;
        matched = true;
        bool applied = false;
        for (const event& next : events) {
            const auto known = tx.events_of(row->id);
            if (std::any_of(known.begin(), known.end(),
                            [&next](const event& e) { return e.facts.evidence == next.facts.evidence; }))
                continue;
            record(tx, *row, next);
            tell_reception(tx, with_, *row, next, options_.zone);
            applied = true;
        }
        if (report->disposition && (applied || events.empty()))
            tell_reading(tx, with_, *row, now, *report->disposition, options_.zone);
    });
    if (!written.has_value())
        return written.error() == boost::system::errc::no_space_on_device ? store_verdict::no_space
                                                                          : store_verdict::temporary_failure;
    if (!matched) {
        obs::warn(obs::event::report_unmatched, "octets={}", message.size());
        const auto kept = with_.store.write([&](ports::transaction& tx) {
            keep_for_people(tx, with_, message, "UNMATCHED",
                            "courriel reçu sans rapport avec un envoi connu : à lire par une personne");
        });
        return kept.has_value() ? store_verdict::stored : store_verdict::temporary_failure;
    }
    obs::info(obs::event::report_received, "events={}", events.size());
    return store_verdict::stored;
}
}
