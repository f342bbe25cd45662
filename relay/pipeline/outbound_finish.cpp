// The outcome of an attempt, and when the next one comes.
#include <algorithm>
#include <random>

#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/outbound_parts.hpp"
#include "relay/pipeline/reception.hpp"

namespace relay::pipeline {
namespace {
void count_outcome(delivery_kind kind, delivery_state reached)
{
    if (reached == delivery_state::deferred) obs::add(obs::counter::deliveries_deferred);
    if (reached == delivery_state::uncertain) obs::add(obs::counter::deliveries_uncertain);
    if (kind != delivery_kind::letter) return;
    if (reached == delivery_state::accepted) obs::add(obs::counter::letters_sent);
    if (reached == delivery_state::failed) obs::add(obs::counter::letters_failed);
}
}

double random_unit()
{
    thread_local std::minstd_rand engine{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

std::chrono::milliseconds retry_policy::delay(int attempts, double jitter) const noexcept
{
    double seconds = static_cast<double>(first.count());
    for (int i = 1; i < attempts && seconds < static_cast<double>(most.count()); ++i) seconds *= 2;
    seconds = std::min(seconds, static_cast<double>(most.count()));
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * (0.8 + 0.4 * jitter) * 1000));
}

instant retry_policy::next_try(instant now, instant created, int attempts, double jitter) const noexcept
{
    const instant usual = now + delay(attempts, jitter);
    const instant last = created + give_up - std::chrono::minutes(1);
    return usual > last && last > now + first ? last : usual;
}

due_times retry_policy::due_at(instant now) const noexcept
{
    return {now, now + most + most / 2};  // with its jitter, and some
}

result<void> outbound::finish(const prepared_mail& mail, const attempt_result& outcome)
{
    const instant now = with_.clock.now();
    event next = about(now, event_kind::accepted, outcome.why);
    switch (outcome.end) {
        case attempt_end::accepted: next.kind = event_kind::accepted; break;
        case attempt_end::temporary: next.kind = event_kind::deferred; break;
        case attempt_end::permanent: next.kind = event_kind::refused; break;
        case attempt_end::uncertain: next.kind = event_kind::reply_lost; break;
    }
    next.facts.smtp_code = outcome.smtp_code;
    next.facts.enhanced_status = outcome.enhanced_status;
    next.facts.peer = outcome.peer;
    next.facts.tls = outcome.tls;
    next.facts.peer_text = outcome.peer_text;
    delivery_state reached = delivery_state::sending;
    const auto news = news_of(mail, outcome);
    const auto written = change_delivery(with_.store, mail.id, [&](ports::transaction& tx, delivery_row& row) {
        if (row.lease != mail.lease) return;  // fencing: somebody else holds it now (design.md §5)
        row.next_try = options_.retry.next_try(now, row.created_at, row.attempts, random_unit());
        record(tx, row, next);
        reached = row.state;
        if (row.state == delivery_state::failed && row.kind == delivery_kind::letter && options_.composer)
            queue_reception(tx, with_, row, now, failure_by_reply(outcome.smtp_code, outcome.enhanced_status),
                            options_.composer->zone);
        if (row.kind == delivery_kind::report && is_accepted(row.state))
            forget_bytes(tx, row);  // nothing more to prove
        if (row.kind == delivery_kind::mail && !is_open(row.state)) close_submitted(tx, row, news ? &*news : nullptr);
    });
    if (written.has_value()) count_outcome(mail.kind, reached);
    obs::info(obs::event::smtp_attempt, "delivery={} state={} code={} cause={}", mail.id.text(), name(reached),
              outcome.smtp_code, name(outcome.why));
    return written;
}

result<void> outbound::put_off(const delivery_id& id)
{
    const instant now = with_.clock.now();
    return change_delivery(with_.store, id, [&](ports::transaction& tx, delivery_row& row) {
        if (!may_be_sent(row.state)) return;
        row.next_try = options_.retry.next_try(now, row.created_at, row.attempts, random_unit());
        record(tx, row, about(now, event_kind::deferred, cause::unknown));
    });
}
}
