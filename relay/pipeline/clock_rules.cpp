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
    [[nodiscard]] bool is_early(instant stop) const { return stop < clock.discharge; }
    [[nodiscard]] bool is_stale(instant stop) const { return is_early(stop) && stop < day_after(-1); }
    [[nodiscard]] bool meets_j0(instant stop) const { return stop < day_after(1); }
    [[nodiscard]] bool meets_48h(instant stop) const
    {
        if (is_early(stop)) return true;
        if (clock.quality == discharge_quality::date_only) return stop < day_after(2);  // rule 10
        return stop - clock.discharge <= commitment;
    }
};
}

stay_state state_by(const stay_reached& what) noexcept
{
    if (what.excluded) return stay_state::excluded;
    if (what.j0_met) return stay_state::met_j0;
    if (what.h48_met) return stay_state::met_48h;
    if (what.accepted) return stay_state::late;
    if (what.other_channel) return stay_state::closed_other_channel;
    if (!what.h48_pending) return stay_state::overdue;
    return what.has_letter ? stay_state::in_progress : stay_state::awaiting_letter;
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

delivery_goals goals_of(const std::optional<stay_clock>& discharge, instant received, const mime::zone& where)
{
    const stay_assessment found = assess(discharge.value_or(stay_clock{received}), {}, received, where);
    return {found.j0_deadline, found.h48_deadline};
}

stay_assessment assess(const stay_clock& clock, const stay_progress& progress, instant now, const mime::zone& where)
{
    const judge rules{clock, where};
    const bool date_only = clock.quality == discharge_quality::date_only;
    stay_assessment found;
    found.date_only = date_only;
    found.j0_deadline = rules.day_after(1);
    found.h48_deadline = date_only ? rules.day_after(2) : clock.discharge + commitment;
    for (const instant stop : progress.accepted)
        if (!rules.is_stale(stop) && (!found.stop || stop < *found.stop)) found.stop = stop;
    if (found.stop) {
        found.j0_met = rules.meets_j0(*found.stop);
        found.h48_met = found.j0_met || rules.meets_48h(*found.stop);
        if (!date_only) found.lag = std::max(std::chrono::milliseconds(0), *found.stop - clock.discharge);
    }
    found.j0_pending = !found.stop && now < found.j0_deadline;
    found.h48_pending = !found.stop && (date_only ? now < found.h48_deadline : now <= found.h48_deadline);
    found.state = state_by({progress.excluded, progress.has_letter, progress.closed_by_other_channel,
                            found.stop.has_value(), found.j0_met, found.h48_met, found.h48_pending});
    return found;
}
}
