// What happens to deliveries by the time they have waited (domain.md §4). A few hundred in one unit, so that a backlog
// neither fills the memory nor keeps other writers waiting.
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/outbound_parts.hpp"
#include "relay/pipeline/reception.hpp"

namespace relay::pipeline {
namespace {
constexpr std::size_t at_once = 200;
constexpr std::size_t at_a_call = 5000;
}

result<std::size_t> outbound::expire()
{
    std::size_t count = 0;
    for (const delivery_state state :
         {delivery_state::held, delivery_state::queued, delivery_state::deferred, delivery_state::uncertain})
        while (count < at_a_call) {
            const auto given_up = expire_some(state);
            if (!given_up.has_value()) return given_up.error();
            count += *given_up;
            if (*given_up == 0) break;
        }
    return count;
}

result<std::size_t> outbound::expire_some(delivery_state state)
{
    const instant now = with_.clock.now();
    std::vector<delivery_row> late;
    const auto read = with_.store.read([&](ports::reader& store) { late = store.deliveries_in(state, at_once); });
    if (!read.has_value()) return read.error();
    std::erase_if(late, [&](const delivery_row& row) { return row.created_at > now - options_.retry.give_up; });
    if (late.empty()) return 0;
    std::size_t count = 0;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        count = 0;
        for (const delivery_row& row : late) {
            auto current = tx.delivery(row.id);
            // A person may have queued it again since it was read.
            if (!current || current->state != state || current->created_at > now - options_.retry.give_up) continue;
            const cause why = current->why == cause::none ? cause::expired : current->why;
            record(tx, *current, about(now, event_kind::undeliverable, why));
            if (current->kind == delivery_kind::letter && options_.composer)
                queue_reception(tx, with_, *current, now, failure_without_reply(current->why), options_.composer->zone);
            ++count;
        }
    });
    if (!written.has_value()) return written.error();
    return count;
}

result<std::size_t> outbound::warn_late()
{
    std::size_t count = 0;
    while (count < at_a_call) {
        const auto warned = warn_some();
        if (!warned.has_value()) return warned.error();
        count += *warned;
        if (*warned == 0) break;
    }
    return count;
}

result<std::size_t> outbound::warn_some()
{
    const instant now = with_.clock.now();
    std::vector<delivery_row> late;
    const auto read = with_.store.read(
        [&](ports::reader& store) { late = store.unwarned_deliveries(now - options_.retry.warn, at_once); });
    if (!read.has_value()) return read.error();
    if (late.empty()) return 0;
    std::vector<delivery_row> warned;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        warned.clear();
        for (const delivery_row& row : late) {
            auto current = tx.delivery(row.id);
            if (!current || current->warned_at || !may_be_sent(current->state)) continue;
            current->warned_at = now;
            record(tx, *current, about(now, event_kind::warned, current->why));
            warned.push_back(std::move(*current));
        }
    });
    if (!written.has_value()) return written.error();
    for (const delivery_row& row : warned)
        obs::warn(obs::event::delivery_late, "delivery={} domain={} state={} cause={} attempts={}", row.id.text(),
                  row.domain, name(row.state), name(row.why), row.attempts);
    obs::add(obs::counter::deliveries_warned, warned.size());
    return warned.size();
}
}
