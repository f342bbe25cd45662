#include "relay/pipeline/load_rule.hpp"

#include <algorithm>

namespace relay::pipeline {
namespace {
constexpr std::uint32_t most_percent = 1000;

std::uint32_t percent_of(std::uint64_t amount, std::uint64_t limit) noexcept
{
    if (limit == 0) return 0;
    return static_cast<std::uint32_t>(
        std::min<double>(100.0 * static_cast<double>(amount) / static_cast<double>(limit), most_percent));
}

std::uint32_t disk_percent(std::uint64_t free_octets, std::uint64_t reserve) noexcept
{
    if (reserve == 0) return 0;
    return free_octets == 0 ? most_percent : percent_of(reserve, free_octets);
}
}

std::string_view name(load_state value) noexcept
{
    switch (value) {
        case load_state::normal: return "normal";
        case load_state::stressed: return "stressed";
        case load_state::refusing: return "refusing";
    }
    return "unknown";
}

std::string_view name(load_driver value) noexcept
{
    switch (value) {
        case load_driver::slots: return "slots";
        case load_driver::queue: return "queue";
        case load_driver::disk: return "disk";
        case load_driver::memory: return "memory";
        case load_driver::commits: return "commits";
        case load_driver::count_: break;
    }
    return "unknown";
}

load_pressures pressures_of(const load_measures& measured) noexcept
{
    return {percent_of(measured.connections, measured.connections_limit),
            percent_of(measured.queue_octets, measured.queue_octets_limit),
            disk_percent(measured.free_octets, measured.reserve_octets),
            percent_of(measured.memory_octets, measured.memory_octets_limit),
            percent_of(measured.commit_microseconds, measured.commit_microseconds_limit)};
}

load_state next_state(load_driver driver, load_state before, std::uint32_t percent, const load_thresholds& at) noexcept
{
    const bool may_refuse = driver != load_driver::slots;
    if (may_refuse && percent >= (before == load_state::refusing ? at.taking_again : at.refusing))
        return load_state::refusing;
    if (percent >= (before == load_state::normal ? at.stressed : at.calm_again)) return load_state::stressed;
    return load_state::normal;
}

load_state load_level::update(const load_pressures& now) noexcept
{
    for (std::size_t i = 0; i < load_drivers; ++i)
        states_[i] = next_state(static_cast<load_driver>(i), states_[i], now[i]);
    return state();
}

load_state load_level::state() const noexcept
{
    return *std::max_element(states_.begin(), states_.end());
}
}
