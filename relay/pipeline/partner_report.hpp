// relay/pipeline/partner_report.hpp: what a partner outside the hospital (a health centre, a group practice) is shown
// of the discharges of its own patients (domain.md §5, §7): totals and months. Rates with a denominator under 5 are
// suppressed, and so many beside them that nobody finds one by a difference. Pure.
#pragma once

#include <span>

#include "relay/pipeline/indicators.hpp"

namespace relay::pipeline {
inline constexpr std::int64_t smallest_shown = 5;  // denominator (domain.md §5, §12)

// Which of `parts`, whose denominators add up to a total that is shown or known, may be shown: not those under the
// limit; and what is hidden is either nothing, or two at least with a denominator of the limit at least in all.
[[nodiscard]] std::vector<bool> showable(std::span<const rate> parts);
[[nodiscard]] bool is_showable(const rate& alone) noexcept;

// Whole ISO weeks, Monday to Sunday, or whole calendar months: [from, to). Of two reports whose periods differ by a day
// the difference is that day, whatever is suppressed in each.
[[nodiscard]] bool is_whole_period(std::chrono::sys_days from, std::chrono::sys_days to) noexcept;

struct partner_figures {
    period_figures totals;
    std::vector<std::pair<std::string, period_figures>> months;  // "2026-11", in order
};

// Feed every stay of the period: those whose treating doctor's mailbox is of another structure are passed over.
class partner_builder {
public:
    partner_builder(std::string structure, instant now) : structure_(std::move(structure)), all_(breakdown::month, now)
    {
    }
    void add(const stay_facts& stay)
    {
        if (stay.addressee.structure == structure_) all_.add(stay);
    }
    // Of a day whose traces expired: the counts of this structure in its record.
    void add_frozen(std::int32_t day, std::string_view structure, std::string_view counts)
    {
        if (structure == structure_) all_.add_total(day, counts);
    }
    [[nodiscard]] partner_figures result();

private:
    std::string structure_;
    breakdown_builder all_;
};
}
