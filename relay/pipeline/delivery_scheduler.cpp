#include "relay/pipeline/delivery_scheduler.hpp"

#include <algorithm>

namespace relay::pipeline {
delivery_scheduler::queue& delivery_scheduler::queue_of(std::string_view site)
{
    if (const auto known = sites_.find(site); known != sites_.end()) return known->second;
    return sites_.emplace(std::string(site), queue(limits_.pace)).first->second;
}

void delivery_scheduler::use(const scheduler_limits& limits)
{
    limits_ = limits;
    for (auto& [site, one] : sites_) one.pace.use(limits.pace);
}

void delivery_scheduler::offer(std::string_view site, std::span<const due_delivery> rows)
{
    if (rows.empty()) return;
    queue& of = queue_of(site);
    for (const due_delivery& row : rows)
        if (known_.insert(row.id).second) of.waiting.insert(row);
    while (of.waiting.size() > limits_.window) {
        const auto latest = std::prev(of.waiting.end());
        known_.erase(latest->id);
        of.waiting.erase(latest);
    }
    if (!of.waiting.empty()) active_.emplace(site);
}

bool delivery_scheduler::wants(std::string_view site, std::optional<instant> soonest) const
{
    const auto known = sites_.find(site);
    if (known == sites_.end()) return true;
    const auto& waiting = known->second.waiting;
    return waiting.size() < (limits_.window + 1) / 2 || (soonest && *soonest < waiting.begin()->deadline);
}

// Of two sites or more, none gets all places: the next one to come finds some free.
std::size_t delivery_scheduler::share() const noexcept
{
    const std::size_t all = std::max<std::size_t>(limits_.deliveries, 1);
    return active_.size() < 2 ? all : std::max<std::size_t>(all - all / 4, 1);
}

bool delivery_scheduler::has_place(steady_time now) const
{
    if (running_.size() < limits_.deliveries) return true;
    const auto stalled = static_cast<std::size_t>(std::count_if(running_.begin(), running_.end(), [&](const auto& one) {
        return now - one.second.since >= limits_.stalled_after;
    }));
    return running_.size() - std::min(stalled, limits_.stalled) < limits_.deliveries;
}

std::optional<delivery_id> delivery_scheduler::next(steady_time now)
{
    if (active_.empty() || !has_place(now)) return std::nullopt;
    auto turn = active_.upper_bound(last_);
    for (std::size_t tried = 0; tried < active_.size(); ++tried, ++turn) {
        if (turn == active_.end()) turn = active_.begin();
        queue& of = sites_.find(*turn)->second;
        if (of.running >= share() || !of.pace.may_start(of.running, now)) continue;
        const delivery_id id = of.waiting.begin()->id;
        of.waiting.erase(of.waiting.begin());
        ++of.running;
        last_ = *turn;
        running_.emplace(id, attempt{last_, of.pace.started(now), now});
        if (of.waiting.empty()) active_.erase(turn);
        return id;
    }
    return std::nullopt;
}

delivery_scheduler::change delivery_scheduler::ended(const delivery_id& id, site_effect effect, steady_time now)
{
    const auto found = running_.find(id);
    if (found == running_.end()) return {};
    const attempt gone = std::move(found->second);
    running_.erase(found);
    known_.erase(id);
    queue& of = sites_.find(gone.site)->second;
    --of.running;
    const bool was_dead = of.pace.is_dead();
    const std::size_t slots = of.pace.slots();
    of.pace.ended(gone.begun, effect, now);
    change told{gone.site};
    if (of.pace.is_dead() != was_dead)
        told.what = was_dead ? change::kind::revived : change::kind::died;
    else if (effect == site_effect::pushed_back && of.pace.slots() < slots)
        told.what = change::kind::slowed;
    forget_idle(gone.site);
    return told;
}

// What was learned of a site is kept as long as there is room for it.
void delivery_scheduler::forget_idle(const std::string& site)
{
    if (sites_.size() <= limits_.sites) return;
    const auto found = sites_.find(site);
    if (found->second.running == 0 && found->second.waiting.empty()) sites_.erase(found);
}

void delivery_scheduler::drop_waiting(std::string_view site)
{
    const auto found = sites_.find(site);
    if (found == sites_.end()) return;
    for (const due_delivery& one : found->second.waiting) known_.erase(one.id);
    found->second.waiting.clear();
    if (const auto active = active_.find(site); active != active_.end()) active_.erase(active);
}

void delivery_scheduler::wake(std::string_view site, steady_time now)
{
    if (const auto found = sites_.find(site); found != sites_.end()) found->second.pace.wake(now);
}

std::optional<steady_time> delivery_scheduler::next_start(steady_time now) const
{
    std::optional<steady_time> soonest;
    const auto consider = [&](steady_time at) {
        if (at > now && (!soonest || at < *soonest)) soonest = at;
    };
    for (const std::string& site : active_) consider(sites_.find(site)->second.pace.not_before());
    if (!active_.empty() && running_.size() >= limits_.deliveries)
        for (const auto& [id, one] : running_) consider(one.since + limits_.stalled_after);
    return soonest;
}

std::size_t delivery_scheduler::running_of(std::string_view site) const
{
    const auto found = sites_.find(site);
    return found == sites_.end() ? 0 : found->second.running;
}

std::size_t delivery_scheduler::waiting() const noexcept
{
    return known_.size() - running_.size();
}

std::vector<site_facts> delivery_scheduler::sites() const
{
    std::vector<site_facts> all;
    for (const auto& [name, of] : sites_)
        all.push_back({name, of.waiting.size(), of.running, of.pace.slots(), of.pace.is_dead()});
    return all;
}
}
