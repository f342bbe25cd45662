#include "relay/pipeline/clock_rules.hpp"

#include <algorithm>

namespace relay::pipeline {
namespace {
using std::chrono::days;
using std::chrono::hours;
using std::chrono::sys_days;

constexpr auto commitment = hours(48);  // inclusive: 172 800 s (rule 8)

struct judge {
    stay_clock clock;
    const mime::zone& where;
    std::chrono::year_month_day day = mime::local_date(clock.discharge, where);

    [[nodiscard]] instant day_after(int count) const
    {
        return mime::start_of_day(std::chrono::year_month_day(sys_days(day) + days(count)), where);
    }
    // Rule 6: accepted before the discharge counts on the discharge date or the day before; earlier is stale.
    [[nodiscard]] bool is_stale(instant stop) const { return stop < clock.discharge && stop < day_after(-1); }
};
}

std::string_view name(stay_state value) noexcept
{
    switch (value) {
        case stay_state::awaiting_letter: return "awaiting_letter";
        case stay_state::in_progress: return "in_progress";
        case stay_state::met_j0: return "met_j0";
        case stay_state::met_48h: return "met_48h";
        case stay_state::late: return "late";
        case stay_state::overdue: return "overdue";
        case stay_state::closed_other_channel: return "closed_other_channel";
        case stay_state::excluded: return "excluded";
    }
    return "unknown";
}

bool is_within_48h(const stay_clock& clock, instant deadline, instant at) noexcept
{
    return clock.quality == discharge_quality::date_only ? at < deadline : at <= deadline;
}

std::optional<std::chrono::milliseconds> lag_of(const stay_clock& clock, instant stop) noexcept
{
    if (clock.quality == discharge_quality::date_only) return std::nullopt;
    return std::max(std::chrono::milliseconds(0), stop - clock.discharge);
}

delivery_goals goals_of(const std::optional<stay_clock>& discharge, instant received, const mime::zone& where)
{
    const stay_verdict found = assess(discharge.value_or(stay_clock{received}), {}, where);
    return {found.j0_deadline, found.h48_deadline};
}

stay_verdict assess(const stay_clock& clock, std::span<const instant> accepted, const mime::zone& where)
{
    const judge rules{clock, where};
    stay_verdict found;
    found.j0_deadline = rules.day_after(1);
    found.h48_deadline =
        clock.quality == discharge_quality::date_only ? rules.day_after(2) : clock.discharge + commitment;
    for (const instant stop : accepted)
        if (!rules.is_stale(stop) && (!found.stop || stop < *found.stop)) found.stop = stop;
    if (!found.stop) return found;
    found.j0_met = *found.stop < found.j0_deadline;
    found.h48_met = found.j0_met || is_within_48h(clock, found.h48_deadline, *found.stop);
    return found;
}
}
