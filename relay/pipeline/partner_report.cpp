#include "relay/pipeline/partner_report.hpp"

#include <algorithm>

namespace relay::pipeline {
bool is_whole_period(std::chrono::sys_days from, std::chrono::sys_days to) noexcept
{
    using namespace std::chrono;
    if (from >= to) return false;
    if (weekday(from) == Monday && weekday(to) == Monday) return true;
    return year_month_day(from).day() == day(1) && year_month_day(to).day() == day(1);
}

bool is_showable(const rate& alone) noexcept
{
    return alone.denominator >= smallest_shown;
}

std::vector<bool> showable(std::span<const rate> parts)
{
    std::vector<bool> shown;
    std::int64_t hidden = 0, hidden_sum = 0;
    for (const rate& part : parts) {
        // Nothing to count is nothing to hide: it has no rate anyway.
        const bool small = part.denominator > 0 && !is_showable(part);
        shown.push_back(!small);
        if (small) ++hidden, hidden_sum += part.denominator;
    }
    while (hidden > 0 && (hidden < 2 || hidden_sum < smallest_shown)) {
        std::optional<std::size_t> next;
        for (std::size_t i = 0; i < parts.size(); ++i)
            if (shown[i] && parts[i].denominator > 0 && (!next || parts[i].denominator < parts[*next].denominator))
                next = i;
        if (!next) break;  // nothing is left to show
        shown[*next] = false;
        ++hidden, hidden_sum += parts[*next].denominator;
    }
    return shown;
}

partner_figures partner_builder::result()
{
    broken_down all = all_.result();
    partner_figures found;
    found.totals = std::move(all.totals);
    for (auto& [month, figures] : all.rows) found.months.emplace_back(month, std::move(figures));
    return found;
}
}
