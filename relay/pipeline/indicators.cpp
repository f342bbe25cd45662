#include "relay/pipeline/indicators.hpp"

#include <algorithm>
#include <limits>

namespace relay::pipeline {
namespace {
constexpr auto never = std::chrono::milliseconds::max();

// `percent` of 100, in integers: ceil(p * n) must not depend on how a fraction rounds.
lag_figure nearest_rank(const std::vector<std::chrono::milliseconds>& sorted, std::size_t percent)
{
    lag_figure found{static_cast<std::int64_t>(sorted.size()), std::nullopt};
    if (sorted.empty()) return found;
    const std::size_t rank = (percent * sorted.size() + 99) / 100;
    const auto value = sorted[rank - 1];
    if (value != never) found.value = value;
    return found;
}

void count(rate& into, bool met, bool pending)
{
    if (pending) {
        ++into.pending;
        return;
    }
    ++into.denominator;
    if (met) ++into.numerator;
}
}

period_figures figures(std::span<const assessed_stay> stays)
{
    period_figures all;
    std::vector<std::chrono::milliseconds> lags;
    for (const assessed_stay& stay : stays) {
        ++all.discharges;
        if (!stay.exclusion.empty()) {
            ++all.exclusions[stay.exclusion];
            continue;
        }
        ++all.eligible;
        const stay_assessment& outcome = stay.outcome;
        count(all.j0, outcome.j0_met, outcome.j0_pending);
        count(all.h48, outcome.h48_met, outcome.h48_pending);
        if (outcome.stop) count(all.confirmed, stay.confirmed, false);
        count(all.no_letter, !stay.has_letter, outcome.h48_pending);
        if (outcome.h48_pending || outcome.date_only) continue;
        if (outcome.lag)
            lags.push_back(*outcome.lag);
        else if (!outcome.stop)
            lags.push_back(never);
    }
    std::sort(lags.begin(), lags.end());
    all.lag_median = nearest_rank(lags, 50);
    all.lag_p95 = nearest_rank(lags, 95);
    return all;
}
}
