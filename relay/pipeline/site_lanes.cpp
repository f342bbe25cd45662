#include "relay/pipeline/site_lanes.hpp"

#include <algorithm>

namespace relay::pipeline {
const std::string* site_lanes::site_of(std::string_view domain) const
{
    const auto found = places_.find(domain);
    return found != places_.end() && found->second.site ? &*found->second.site : nullptr;
}

bool site_lanes::is_known(std::string_view domain, steady_time now) const
{
    const auto found = places_.find(domain);
    return found != places_.end() && found->second.site && found->second.until > now;
}

bool site_lanes::begin_look(std::string_view domain, steady_time now)
{
    const auto known = places_.find(domain);
    if (known != places_.end() && (known->second.looking || known->second.until > now)) return false;
    const bool again = known != places_.end() && known->second.site;
    if (looking_ >= (again ? std::max<std::size_t>(limits_.looking / 2, 1) : limits_.looking)) return false;
    if (known == places_.end() && places_.size() >= limits_.domains) forget_old(now);
    places_[std::string(domain)].looking = true;
    ++looking_;
    return true;
}

void site_lanes::end_look(std::string_view domain) noexcept
{
    const auto found = places_.find(domain);
    if (found != places_.end() && std::exchange(found->second.looking, false)) --looking_;
}

std::optional<std::string> site_lanes::learn(std::string_view domain, std::string site, steady_time until)
{
    place& at = places_[std::string(domain)];
    if (std::exchange(at.looking, false)) --looking_;
    at.until = until;
    if (at.site == site) return std::nullopt;
    return std::exchange(at.site, std::move(site));
}

void site_lanes::expire() noexcept
{
    for (auto& [domain, at] : places_) at.until = steady_time::min();
}

void site_lanes::forget_old(steady_time now)
{
    std::erase_if(places_, [now](const auto& one) { return !one.second.looking && one.second.until <= now; });
    if (places_.size() >= limits_.domains) std::erase_if(places_, [](const auto& one) { return !one.second.looking; });
    turns_.clear();
}

std::vector<queue_lane> site_lanes::choose(const std::string& site, std::vector<queue_lane> due)
{
    const std::size_t most = std::max<std::size_t>(limits_.lanes_a_turn, 1);
    if (due.size() <= most) return due;
    const auto sooner = [](const queue_lane& a, const queue_lane& b) {
        return a.soonest && (!b.soonest || *a.soonest < *b.soonest);
    };
    std::iter_swap(due.begin(), std::min_element(due.begin(), due.end(), sooner));
    const auto others = due.begin() + 1;
    std::sort(others, due.end(), [](const queue_lane& a, const queue_lane& b) { return a.domain < b.domain; });
    std::string& last = turns_[site];
    const auto next = std::find_if(others, due.end(), [&last](const queue_lane& one) { return one.domain > last; });
    std::rotate(others, next, due.end());
    due.resize(most);
    last = due.back().domain;
    return due;
}
}
