// relay/pipeline/load_rule.hpp: the three load states of a node and what drives them (design.md §5). Each driver is a
// pressure in percent of its limit; the node is as loaded as its worst driver. A driver goes up at its threshold and
// comes down only well below it, so that the state does not flicker. `stressed` slows what can wait, `refusing` takes
// nothing new in: AR and 4yz. What is in hand goes on leaving in every state. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace relay::pipeline {
enum class load_state { normal, stressed, refusing };
enum class load_driver {
    slots,    // connections in, of those allowed; never refuses by itself: the listeners do, one by one
    queue,    // octets of sealed mail that wait, of those allowed
    disk,     // the reserve, of the free space
    memory,   // resident, of that allowed
    commits,  // how long one takes, of what is bearable
    count_    // keep last
};
inline constexpr auto load_drivers = static_cast<std::size_t>(load_driver::count_);

[[nodiscard]] std::string_view name(load_state value) noexcept;
[[nodiscard]] std::string_view name(load_driver value) noexcept;

// What was measured. A limit of 0: that driver is not looked at.
struct load_measures {
    std::uint64_t connections = 0, connections_limit = 0;
    std::uint64_t queue_octets = 0, queue_octets_limit = 0;
    std::uint64_t free_octets = 0, reserve_octets = 0;
    std::uint64_t memory_octets = 0, memory_octets_limit = 0;
    std::uint64_t commit_microseconds = 0, commit_microseconds_limit = 0;
};
using load_pressures = std::array<std::uint32_t, load_drivers>;  // percent, 1000 at most
[[nodiscard]] load_pressures pressures_of(const load_measures& measured) noexcept;

struct load_thresholds {  // percent
    std::uint32_t stressed = 75, calm_again = 60;
    std::uint32_t refusing = 100, taking_again = 90;
};
[[nodiscard]] load_state next_state(load_driver driver, load_state before, std::uint32_t percent,
                                    const load_thresholds& at = {}) noexcept;

// The state of a node over time. One thread.
class load_level {
public:
    [[nodiscard]] load_state update(const load_pressures& now) noexcept;
    [[nodiscard]] load_state state() const noexcept;
    [[nodiscard]] load_state state(load_driver driver) const noexcept
    {
        return states_[static_cast<std::size_t>(driver)];
    }

private:
    std::array<load_state, load_drivers> states_{};
};
}
