#include "relay/pipeline/delivery_fold.hpp"

#include <set>

namespace relay::pipeline {
namespace {
using enum delivery_state;

bool is_before_acceptance(delivery_state state)
{
    return !is_accepted(state) && state != cancelled && state != superseded;
}

void end_with(delivery_view& view, delivery_state state, const event& next)
{
    view.state = state;
    view.why = next.facts.why;
    view.ended_at = next.at;
}

void remember_reply(delivery_view& view, const event& next)
{
    view.smtp_code = next.facts.smtp_code;
    view.enhanced_status = next.facts.enhanced_status;
}

void accept(delivery_view& view, const event& next)
{
    if (is_accepted(view.state)) return;
    view.state = accepted;
    view.may_have_arrived = true;
    view.why = cause::none;
    view.accepted_at = next.at;
    view.ended_at.reset();
}

// A report that proves delivery: also makes an acceptance that we could not see (domain.md §4, `uncertain`).
void confirm(delivery_view& view, const event& next)
{
    accept(view, next);
    if (!view.confirmed_at) view.confirmed_at = next.at;
    if (view.state == accepted) view.state = confirmed;
}

void read_by_recipient(delivery_view& view, const event& next, delivery_state state)
{
    confirm(view, next);
    if (view.state == confirmed) view.state = state;
}

void refuse_afterwards(delivery_view& view, const event& next)
{
    if (view.state == displayed || view.state == processed || view.state == rejected_by_software) {
        view.disputed = true;  // the mail was seen: a person decides (domain.md §3 rule 4)
        return;
    }
    if (view.state == cancelled || view.state == superseded) return;
    view.revoked = view.revoked || is_accepted(view.state);
    view.accepted_at.reset();
    view.confirmed_at.reset();
    view.refused_by_report = true;
    view.may_have_arrived = false;
    end_with(view, failed, next);
    remember_reply(view, next);
}

void requeue(delivery_view& view)
{
    if (is_accepted(view.state) || view.state == superseded) return;
    view.state = queued;
    view.why = cause::none;
    view.ended_at.reset();
}
}

bool is_accepted(delivery_state state) noexcept
{
    return state == accepted || state == confirmed || state == displayed || state == processed ||
           state == rejected_by_software;
}

bool may_be_sent(delivery_state state) noexcept
{
    return state == queued || state == deferred || state == uncertain;
}

bool is_open(delivery_state state) noexcept
{
    return may_be_sent(state) || state == received || state == held || state == sending;
}

void apply(delivery_view& view, const event& next)
{
    switch (next.kind) {
        case event_kind::held:
            if (view.state == received || view.state == held || view.state == queued) {
                view.state = held;
                view.why = next.facts.why;
            }
            break;
        case event_kind::routed:
            if (view.state == received || view.state == held || view.state == undeliverable) requeue(view);
            break;
        case event_kind::requeued: requeue(view); break;
        case event_kind::attempt_started:
            ++view.attempts;
            view.refused_by_report = false;
            if (view.state == queued || view.state == deferred || view.state == uncertain) view.state = sending;
            break;
        case event_kind::accepted:
            remember_reply(view, next);
            if (view.refused_by_report)
                view.revoked = true;  // the bounce overtook the record of our own 2xx: it stands
            else if (view.state != cancelled && view.state != superseded)
                accept(view, next);
            break;
        case event_kind::deferred:
            remember_reply(view, next);
            if (view.state == sending || view.state == uncertain || view.state == queued) {
                view.state = deferred;
                view.why = next.facts.why;
            }
            break;
        case event_kind::refused:
            remember_reply(view, next);
            view.may_have_arrived = false;
            if (view.state == sending || view.state == uncertain || view.state == queued || view.state == deferred)
                end_with(view, failed, next);
            break;
        case event_kind::reply_lost:
            if (view.state == sending) {
                view.may_have_arrived = true;
                view.state = uncertain;
                view.why = cause::reply_lost;
            }
            break;
        case event_kind::undeliverable:
            if (is_open(view.state)) end_with(view, undeliverable, next);
            break;
        case event_kind::cancelled:
            if (is_before_acceptance(view.state)) end_with(view, cancelled, next);
            break;
        case event_kind::superseded:
            if (is_before_acceptance(view.state)) end_with(view, superseded, next);
            break;
        case event_kind::other_channel:
            if (!is_accepted(view.state)) end_with(view, other_channel, next);
            break;
        case event_kind::report_delivered: confirm(view, next); break;
        case event_kind::report_relayed: accept(view, next); break;
        case event_kind::report_failed: refuse_afterwards(view, next); break;
        case event_kind::displayed: read_by_recipient(view, next, displayed); break;
        case event_kind::processed: read_by_recipient(view, next, processed); break;
        case event_kind::software_rejected:
            read_by_recipient(view, next, rejected_by_software);
            if (view.state == rejected_by_software) view.why = next.facts.why;
            break;
        case event_kind::sealed:
        case event_kind::warned:
        case event_kind::report_delayed:
        case event_kind::stay_admitted:
        case event_kind::stay_admission_cancelled:
        case event_kind::stay_moved:
        case event_kind::stay_move_cancelled:
        case event_kind::stay_discharged:
        case event_kind::stay_discharge_cancelled:
        case event_kind::stay_excluded:
        case event_kind::letter_received:
        case event_kind::letter_matched: break;  // change nothing in a delivery's state
    }
}

bool folds_alone(delivery_state before, const event& next) noexcept
{
    if (!next.facts.evidence.empty() || !is_open(before)) return false;
    switch (next.kind) {
        case event_kind::held:
        case event_kind::routed:
        case event_kind::attempt_started:
        case event_kind::deferred:
        case event_kind::requeued:
        case event_kind::warned: return true;
        case event_kind::accepted:
        case event_kind::refused:
        case event_kind::reply_lost: return before == sending;
        default: return false;
    }
}

delivery_view fold_delivery(std::span<const event> events)
{
    delivery_view view;
    std::set<std::string, std::less<>> applied;
    for (const event& next : events) {
        if (!next.facts.evidence.empty() && !applied.insert(next.facts.evidence).second) continue;
        apply(view, next);
    }
    return view;
}
}
