// relay/pipeline/scoped_figures.hpp: the indicators of one part of the institution, of each part below it (group → site
// → service) and over time, in one pass over the facts, and over the records of days whose stays are gone (domain.md
// §5). Reads the store, writes nothing.
#pragma once

#include "relay/pipeline/period_report.hpp"

namespace relay::pipeline {
// What stays are looked at: of the narrowest one that is given. The code `unassigned` means those of no group or site.
struct scope {
    std::string group, site, service;  // empty: all
    friend bool operator==(const scope&, const scope&) = default;
};
inline constexpr std::string_view unassigned = "-";

struct day_revision {
    std::int32_t revision = 1;
    instant at{};
};
struct scoped_figures {
    period_figures totals;
    breakdown by = breakdown::none;  // of `parts`: the level below; none below a service
    std::map<std::string, period_figures> parts;
    breakdown step = breakdown::day;  // of `over_time`: days, or months for long periods
    std::map<std::string, period_figures> over_time;
    std::map<std::int32_t, day_revision> revisions;  // of closed days that late evidence has changed, by cohort
};

// The level below: group, site or service; those the institution does not have are passed over.
[[nodiscard]] breakdown level_below(const scope& where, const organisation& sites) noexcept;

inline constexpr std::chrono::days longest_by_day{62};
[[nodiscard]] scoped_figures build_scoped_figures(ports::reader& store, const day_range& days, const scope& where,
                                                  const organisation& sites, instant now);
}
