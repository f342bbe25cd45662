#include "relay/pipeline/scoped_figures.hpp"

#include <algorithm>

namespace relay::pipeline {
namespace {
bool matches(const std::string& wanted, const std::string& found)
{
    return wanted.empty() || (wanted == unassigned ? found.empty() : wanted == found);
}

bool is_in(const scope& where, const stay_facts& stay)
{
    return matches(where.group, stay.group) && matches(where.site, stay.site) && matches(where.service, stay.service);
}
}

breakdown level_below(const scope& where, const organisation& sites) noexcept
{
    if (!where.service.empty()) return breakdown::none;
    const auto& all = sites.sites();
    const bool grouped = std::any_of(all.begin(), all.end(), [](const site_entry& one) { return !one.group.empty(); });
    if (where.site.empty() && where.group.empty() && grouped) return breakdown::group;
    if (where.site.empty() && !all.empty()) return breakdown::site;
    return breakdown::service;
}

scoped_figures build_scoped_figures(ports::reader& store, const day_range& days, const scope& where,
                                    const organisation& sites, instant now)
{
    scoped_figures made;
    made.by = level_below(where, sites);
    made.step = days.to - days.from <= longest_by_day ? breakdown::day : breakdown::month;
    breakdown_builder parts(made.by, now);
    breakdown_builder times(made.step, now);
    // Stays without a service are in no index by service.
    const std::string indexed = where.service == unassigned ? std::string() : where.service;
    store.read_facts(query_of(days, indexed), [&](const stay_facts& stay) {
        if (!is_in(where, stay)) return;
        parts.add(stay);
        times.add(stay);
    });
    broken_down below = parts.result();
    made.totals = std::move(below.totals);
    made.parts = std::move(below.rows);
    made.over_time = times.result().rows;
    return made;
}
}
