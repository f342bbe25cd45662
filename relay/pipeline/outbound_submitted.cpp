// What becomes of a submitted mail beside leaving: its sender is told, a person ends it (RFC 3461 §5.2, RFC 3464).
#include "relay/pipeline/outbound_parts.hpp"

namespace relay::pipeline {
using mime::report::dsn_action;

// Of an attempt: refused for good, or taken by a peer that will not report.
std::optional<made_report> outbound::news_of(const prepared_mail& mail, const attempt_result& outcome) const
{
    if (mail.kind != delivery_kind::mail || options_.hosted == nullptr) return std::nullopt;
    const bool relayed = outcome.end == attempt_end::accepted && !outcome.peer_reports;
    if (!relayed && outcome.end != attempt_end::permanent) return std::nullopt;
    ports::mail_envelope envelope;
    envelope.reverse_path = mail.reverse_path;
    envelope.envid = mail.envid;
    envelope.ret = mail.ret;
    envelope.recipients.push_back({mail.recipient, mail.notify, mail.orcpt});
    return report_submitted(with_, options_.hosted->reporting(), envelope, *mail.bytes, mail.arrived,
                            relayed ? dsn_action::relayed : dsn_action::failed,
                            {outcome.why, outcome.smtp_code, outcome.enhanced_status, outcome.peer_text, outcome.peer});
}

// Of one that waits. What cannot be read any more is reported without its header.
std::optional<made_report> outbound::news_of(const delivery_row& row, dsn_action action, cause why) const
{
    if (row.kind != delivery_kind::mail || options_.hosted == nullptr) return std::nullopt;
    const auto opened = with_.vault.open_field(field::recipient, row.recipient);
    if (!opened.has_value()) return std::nullopt;
    const ports::mail_envelope envelope = read_envelope(*opened);
    if (!is_wanted(envelope.recipients.front().notify, action)) return std::nullopt;
    std::optional<ports::sealed_object> object;
    last_reply reply;
    const auto read = with_.store.read([&](ports::reader& rows) {
        object = rows.blob(row.mail);
        reply = last_reply_of(rows.events_of(row.id));
    });
    if (!read.has_value()) return std::nullopt;
    if (why != cause::none) reply = {why, 0, {}, {}, {}};
    if (reply.why == cause::none) reply.why = row.why == cause::none ? cause::expired : row.why;
    std::string message;
    if (object)
        if (auto bytes = with_.vault.open(*object); bytes.has_value()) message = std::move(*bytes);
    return report_submitted(with_, options_.hosted->reporting(), envelope, message, row.created_at, action, reply);
}

// In clear where only sealed mail may go: it does not leave, and its sender is told.
result<void> outbound::refuse_submitted(const delivery_row& row)
{
    const auto news = news_of(row, dsn_action::failed, cause::content_refused);
    return change_delivery(with_.store, row.id, [&](ports::transaction& tx, delivery_row& current) {
        if (!may_be_sent(current.state)) return;
        record(tx, current, about(with_.clock.now(), event_kind::refused, cause::content_refused));
        close_submitted(tx, current, news ? &*news : nullptr);
    });
}

result<bool> outbound::cancel(const delivery_id& id, std::string_view actor)
{
    std::optional<delivery_row> row;
    const auto read = with_.store.read([&](ports::reader& rows) { row = rows.delivery(id); });
    if (!read.has_value()) return result<bool>(boost::system::in_place_error, read.error());
    const auto may_be = [](const delivery_row& one) {
        return one.kind == delivery_kind::mail && may_be_sent(one.state);
    };
    if (!row || !may_be(*row)) return result<bool>(boost::system::in_place_value, false);
    const auto news = news_of(*row, dsn_action::failed);
    bool done = false;
    const auto written = change_delivery(with_.store, id, [&](ports::transaction& tx, delivery_row& current) {
        done = may_be(current);
        if (!done) return;
        event next = about(with_.clock.now(), event_kind::cancelled, current.why);
        next.facts.actor = actor;
        record(tx, current, std::move(next));
        close_submitted(tx, current, news ? &*news : nullptr);
    });
    if (!written.has_value()) return result<bool>(boost::system::in_place_error, written.error());
    return result<bool>(boost::system::in_place_value, done);
}
}
