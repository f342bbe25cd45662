#include "relay/pipeline/delivery_fold.hpp"

#include <algorithm>
#include <initializer_list>
#include <set>

namespace relay::pipeline {
namespace {
using enum delivery_state;

constexpr std::uint32_t set_of(std::initializer_list<delivery_state> states)
{
    std::uint32_t set = 0;
    for (const delivery_state state : states) set |= 1U << static_cast<unsigned>(state);
    return set;
}
constexpr bool has(std::uint32_t set, delivery_state state)
{
    return (set >> static_cast<unsigned>(state) & 1U) != 0;
}

constexpr std::uint32_t waiting = set_of({queued, deferred, uncertain});
constexpr std::uint32_t open_states = set_of({received, held, sending}) | waiting;
constexpr std::uint32_t ended = set_of({failed, undeliverable, other_channel});
constexpr std::uint32_t withdrawn = set_of({cancelled, superseded});
constexpr std::uint32_t arrived = set_of({accepted, confirmed, displayed, processed, rejected_by_software});

// domain.md §4, what is done: an act in a state that is not named changes nothing.
struct act_rule {
    event_kind act;
    std::uint32_t from;
    delivery_state to;
};
constexpr act_rule acts[] = {
    {event_kind::held, set_of({received, held, queued}), held},
    {event_kind::routed, set_of({received, held, undeliverable}), queued},
    {event_kind::requeued, open_states | ended | set_of({cancelled}), queued},
    {event_kind::attempt_started, waiting, sending},
    {event_kind::accepted, open_states | ended, accepted},
    {event_kind::deferred, set_of({sending, uncertain, queued}), deferred},
    {event_kind::refused, set_of({sending}) | waiting, failed},
    {event_kind::reply_lost, set_of({sending}), uncertain},
    {event_kind::undeliverable, open_states, undeliverable},
    {event_kind::cancelled, open_states | ended, cancelled},
    {event_kind::superseded, open_states | ended, superseded},
    {event_kind::other_channel, open_states | ended | withdrawn, other_channel},
};

// domain.md §4, what is reported, the weaker first: a stronger report is never undone by a weaker one. A document that
// was filed after all is filed, also when a first try was refused.
struct report_rule {
    event_kind report;
    delivery_state proves;
};
constexpr report_rule reports[] = {
    {event_kind::report_relayed, accepted}, {event_kind::report_delivered, confirmed},
    {event_kind::displayed, displayed},     {event_kind::software_rejected, rejected_by_software},
    {event_kind::processed, processed},
};

const act_rule* rule_of_act(event_kind kind)
{
    const auto* found = std::find_if(std::begin(acts), std::end(acts), [&](const auto& r) { return r.act == kind; });
    return found == std::end(acts) ? nullptr : found;
}

int strength(delivery_state proven)
{
    const auto* found =
        std::find_if(std::begin(reports), std::end(reports), [&](const auto& r) { return r.proves == proven; });
    return found == std::end(reports) ? 0 : static_cast<int>(found - std::begin(reports)) + 1;
}

// The mail did not get there after all, and nobody has seen it.
bool is_taken_back(const delivery_view& view)
{
    return view.reports.refused_at && !is_read(view.reports.strongest);
}

std::optional<instant> earlier(std::optional<instant> a, std::optional<instant> b)
{
    return a && b ? std::min(a, b) : a ? a : b;
}

// State, cause and instants from what was done and what was reported.
void derive(delivery_view& view)
{
    const delivery_reports_seen& told = view.reports;
    const bool has_arrived = told.strongest != received || view.act == accepted;
    view.accepted_at.reset();
    view.confirmed_at.reset();
    view.disputed = view.disputed_by_addressee || (told.refused_at && strength(told.strongest) >= strength(confirmed));
    view.may_have_arrived = told.refused_at ? is_read(told.strongest) : view.left || told.strongest != received;
    view.revoked = view.revoked_before || (is_taken_back(view) && has_arrived);
    if (is_taken_back(view)) {
        const bool closed = has(withdrawn, view.act) || view.act == other_channel;
        view.state = closed ? view.act : failed;
        view.why = closed ? view.act_why : told.refused_why;
    } else if (has_arrived) {
        view.state = told.strongest == received ? accepted : told.strongest;
        view.why = view.disputed_by_addressee ? cause::disputed : told.strongest_why;
        view.accepted_at = earlier(view.act == accepted ? view.act_at : std::nullopt, told.arrived_at);
        view.confirmed_at = told.confirmed_at;
    } else {
        // He answers a mail that we do not know to have arrived: people hear of it now, and the row remembers.
        const bool under_way = has(waiting, view.act) || view.act == sending;
        view.state = view.act;
        view.why = view.disputed_by_addressee && under_way ? cause::disputed : view.act_why;
    }
}

// Tried anew: what was reported on the mail before it counts no longer, unless it proves that it was read.
void begin_anew(delivery_view& view)
{
    if (view.reports.refused_at) view.left = false;
    view.revoked_before = view.revoked;
    view.reports = {};
}

void act(delivery_view& view, const act_rule& rule, const event& next)
{
    if (rule.act == event_kind::refused) view.left = false;
    if (rule.act == event_kind::attempt_started) {
        ++view.attempts;
        if (is_taken_back(view)) {
            begin_anew(view);
            derive(view);
        }
    }
    // A 2xx of ours that a bounce overtook: both are known, and the bounce stands.
    const delivery_state from = rule.act == event_kind::accepted && is_taken_back(view) ? view.act : view.state;
    if (!has(rule.from, from)) return;
    if (rule.act == event_kind::routed || rule.act == event_kind::requeued) {
        begin_anew(view);
        view.disputed_by_addressee = false;  // who sends it again has read that
    }
    if (rule.act == event_kind::accepted || rule.act == event_kind::reply_lost) view.left = true;
    view.act = rule.to;
    if (rule.act == event_kind::reply_lost)
        view.act_why = cause::reply_lost;
    else if (rule.to == queued || rule.to == accepted)
        view.act_why = cause::none;
    else if (rule.to != sending)  // an attempt keeps why it is one more
        view.act_why = next.facts.why;
    view.act_at = next.at;
}

void hear(delivery_view& view, const report_rule& rule, const event& next)
{
    delivery_reports_seen& told = view.reports;
    if (!told.arrived_at) told.arrived_at = next.at;
    if (rule.proves != accepted && !told.confirmed_at) told.confirmed_at = next.at;
    if (strength(rule.proves) <= strength(told.strongest)) return;
    told.strongest = rule.proves;
    told.strongest_why = rule.proves == rejected_by_software ? next.facts.why : cause::none;
}
}

bool is_accepted(delivery_state state) noexcept
{
    return has(arrived, state);
}

bool is_read(delivery_state state) noexcept
{
    return strength(state) >= strength(displayed);
}

bool may_be_sent(delivery_state state) noexcept
{
    return has(waiting, state);
}

bool is_in_queue(delivery_state state) noexcept
{
    return may_be_sent(state) || state == sending;
}

bool is_open(delivery_state state) noexcept
{
    return has(open_states, state);
}

delivery_view view_of_open(delivery_state state, cause why, int attempts)
{
    delivery_view view;
    view.state = view.act = state;
    view.why = view.act_why = why;
    view.attempts = attempts;
    return view;
}

void apply(delivery_view& view, const event& next)
{
    if (const act_rule* rule = rule_of_act(next.kind)) {
        act(view, *rule, next);
    } else if (next.kind == event_kind::report_failed) {
        if (!view.reports.refused_at) {
            view.reports.refused_at = next.at;
            view.reports.refused_why = next.facts.why;
        }
    } else if (const auto* report = std::find_if(std::begin(reports), std::end(reports),
                                                 [&](const auto& r) { return r.report == next.kind; });
               report != std::end(reports)) {
        hear(view, *report, next);
    } else if (next.kind == event_kind::disputed) {
        view.disputed_by_addressee = true;
    } else {
        return;  // changes nothing in a delivery's state
    }
    derive(view);
}

bool folds_alone(delivery_state before, cause why_before, const event& next) noexcept
{
    if (!next.facts.evidence.empty() || !is_open(before) || why_before == cause::disputed) return false;
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
