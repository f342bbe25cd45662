// What happens to deliveries by the time they have waited (domain.md §4). A few hundred in one unit, so that a backlog
// neither fills the memory nor keeps other writers waiting.
#include <algorithm>
#include <map>

#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/outbound_parts.hpp"
#include "relay/pipeline/reception.hpp"

namespace relay::pipeline {
namespace {
constexpr std::size_t at_once = 200;
constexpr std::size_t at_a_call = 5000;
// Of submitted mails, whose report may give the whole mail back: no more than may be in memory in a batch, nor than can
// be read in the time of a call.
constexpr std::size_t mails_at_once = 8;
constexpr std::uint64_t mail_octets_a_call = std::uint64_t{128} << 20U;

void bound_mails(std::vector<delivery_row>& rows, std::uint64_t& octets_left)
{
    std::size_t mails = 0;
    std::erase_if(rows, [&](const delivery_row& row) {
        if (row.kind != delivery_kind::mail) return false;
        if (octets_left == 0 || ++mails > mails_at_once) return true;
        octets_left -= std::min<std::uint64_t>(octets_left, std::max<std::uint64_t>(row.octets, 1));
        return false;
    });
}

using all_news = std::map<std::string, made_report, std::less<>>;
const made_report* find_news(const all_news& all, const delivery_id& id)
{
    const auto found = all.find(id.text());
    return found == all.end() ? nullptr : &found->second;
}
}

result<std::size_t> outbound::expire()
{
    std::size_t count = 0;
    std::uint64_t octets_left = mail_octets_a_call;
    for (const delivery_state state :
         {delivery_state::held, delivery_state::queued, delivery_state::deferred, delivery_state::uncertain})
        while (count < at_a_call) {
            const auto given_up = expire_some(state, octets_left);
            if (!given_up.has_value()) return given_up.error();
            count += *given_up;
            if (*given_up == 0) break;
        }
    return count;
}

result<std::size_t> outbound::expire_some(delivery_state state, std::uint64_t& octets_left)
{
    const instant now = with_.clock.now();
    std::vector<delivery_row> late;
    const auto read = with_.store.read([&](ports::reader& store) { late = store.deliveries_in(state, at_once); });
    if (!read.has_value()) return read.error();
    std::erase_if(late, [&](const delivery_row& row) { return row.created_at > now - options_.retry.give_up; });
    bound_mails(late, octets_left);
    if (late.empty()) return 0;
    all_news news;
    for (const delivery_row& row : late)
        if (auto made = news_of(row, mime::report::dsn_action::failed)) news.emplace(row.id.text(), std::move(*made));
    std::size_t count = 0;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        count = 0;
        for (const delivery_row& row : late) {
            auto current = tx.delivery(row.id);
            // A person may have queued it again since it was read.
            if (!current || current->state != state || current->created_at > now - options_.retry.give_up) continue;
            const bool unsaid = current->why == cause::none || current->why == cause::disputed;  // why it did not leave
            record(tx, *current, about(now, event_kind::undeliverable, unsaid ? cause::expired : current->why));
            if (current->kind == delivery_kind::letter && options_.composer)
                queue_reception(tx, with_, *current, now, failure_without_reply(current->why), options_.composer->zone);
            if (current->kind == delivery_kind::mail) close_submitted(tx, *current, find_news(news, row.id));
            ++count;
        }
    });
    if (!written.has_value()) return written.error();
    return count;
}

result<std::size_t> outbound::warn_late()
{
    std::size_t count = 0;
    std::uint64_t octets_left = mail_octets_a_call;
    for (const delivery_kind kind : {delivery_kind::letter, delivery_kind::report, delivery_kind::mail})
        while (count < at_a_call) {
            const auto after = kind == delivery_kind::mail ? options_.tell_delay : options_.retry.warn;
            const auto warned = warn_some(kind, after, octets_left);
            if (!warned.has_value()) return warned.error();
            count += *warned;
            if (*warned == 0) break;
        }
    return count;
}

result<std::size_t> outbound::warn_some(delivery_kind kind, std::chrono::seconds after, std::uint64_t& octets_left)
{
    const instant now = with_.clock.now();
    std::vector<delivery_row> late;
    const auto read =
        with_.store.read([&](ports::reader& store) { late = store.unwarned_deliveries(kind, now - after, at_once); });
    if (!read.has_value()) return read.error();
    bound_mails(late, octets_left);
    if (late.empty()) return 0;
    all_news news;
    for (const delivery_row& row : late)
        if (auto made = news_of(row, mime::report::dsn_action::delayed)) news.emplace(row.id.text(), std::move(*made));
    std::vector<delivery_row> warned;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        warned.clear();
        for (const delivery_row& row : late) {
            auto current = tx.delivery(row.id);
            if (!current || current->warned_at || !may_be_sent(current->state)) continue;
            current->warned_at = now;
            record(tx, *current, about(now, event_kind::warned, current->why));
            if (const made_report* told = find_news(news, row.id)) queue_report(tx, *told);
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
