#include "relay/pipeline/site_pace.hpp"

#include <algorithm>

namespace relay::pipeline {
namespace {
std::chrono::milliseconds twice(std::chrono::milliseconds last, std::chrono::milliseconds first,
                                std::chrono::milliseconds most)
{
    return last.count() == 0 ? first : std::min(2 * last, most);
}
}

site_pace::site_pace(pace_limits limits)
    : limits_(limits),
      slots_(std::clamp<std::size_t>(limits.first_slots, 1, std::max<std::size_t>(limits.most_slots, 1))),
      slow_start_until_(std::max<std::size_t>(limits.most_slots, 1)),
      cohort_(slots_)
{
}

void site_pace::use(const pace_limits& limits) noexcept
{
    limits_ = limits;
    slots_ = std::min(slots_, std::max<std::size_t>(limits.most_slots, 1));
    slow_start_until_ = std::min(slow_start_until_, std::max<std::size_t>(limits.most_slots, 1));
}

bool site_pace::may_start(std::size_t running, steady_time now) const noexcept
{
    return running < slots() && now >= not_before_;
}

std::uint32_t site_pace::started(steady_time now) noexcept
{
    if (limits_.gap.count() > 0) not_before_ = std::max(not_before_, now) + limits_.gap;
    return cohort_number_;
}

void site_pace::ended(std::uint32_t begun, site_effect effect, steady_time now) noexcept
{
    switch (effect) {
        case site_effect::none: return;
        case site_effect::worked: return worked();
        case site_effect::unreachable: return failed(begun, now);
        case site_effect::pushed_back:
            if (dead_) worked();  // it is there, and busy
            if (!halve(begun)) return;
            pause_ = twice(pause_, limits_.pause_first, limits_.pause_most);
            not_before_ = std::max(not_before_, now + pause_);
    }
}

void site_pace::wake(steady_time now) noexcept
{
    not_before_ = std::min(not_before_, now);
}

void site_pace::worked() noexcept
{
    failures_ = failed_cohorts_ = 0;
    pause_ = std::chrono::milliseconds(0);
    if (dead_) {
        dead_ = false;
        slots_ = std::min(limits_.first_slots, std::max<std::size_t>(limits_.most_slots, 1));
        cohort_ = slots_;
        slow_start_until_ = std::max<std::size_t>(limits_.most_slots, 1);
        successes_ = 0;
        return;
    }
    if (slots_ >= limits_.most_slots) return;
    if (slots_ < slow_start_until_ || ++successes_ >= slots_) {
        ++slots_;
        successes_ = 0;
    }
    cohort_ = slots_;
}

void site_pace::failed(std::uint32_t begun, steady_time now) noexcept
{
    if (!dead_) {
        halve(begun);
        if (++failures_ < cohort_) return;
        failures_ = 0;
        cohort_ = slots_;
        if (++failed_cohorts_ < limits_.cohorts_until_dead) return;
        dead_ = true;
        pause_ = std::chrono::milliseconds(0);
        ++cohort_number_;
    } else if (begun != cohort_number_) {
        return;  // began before it was dead
    }
    pause_ = twice(pause_, limits_.probe_first, limits_.probe_most);
    not_before_ = std::max(not_before_, now + pause_);
}

// Once for all that were under way together.
bool site_pace::halve(std::uint32_t begun) noexcept
{
    if (begun != cohort_number_) return false;
    ++cohort_number_;
    slots_ = std::max<std::size_t>(slots_ / 2, 1);
    slow_start_until_ = slots_;
    successes_ = 0;
    return true;
}
}
