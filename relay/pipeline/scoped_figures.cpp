#include "relay/pipeline/scoped_figures.hpp"

#include <algorithm>

#include "relay/pipeline/ports/retention.hpp"

namespace relay::pipeline {
namespace {
bool matches(const std::string& wanted, std::string_view found)
{
    return wanted.empty() || (wanted == unassigned ? found.empty() : wanted == found);
}

bool is_in(const scope& where, const stay_facts& stay)
{
    return matches(where.group, stay.group) && matches(where.site, stay.site) && matches(where.service, stay.service);
}

// The section of a day's record that is about the whole of the scope.
bool is_whole(const scope& where, const record_section& section)
{
    if (!where.service.empty()) return section.by == name(breakdown::service) && matches(where.service, section.key);
    if (!where.site.empty()) return section.by == name(breakdown::site) && matches(where.site, section.key);
    if (!where.group.empty()) return section.by == name(breakdown::group) && matches(where.group, section.key);
    return section.by == "total";
}

// A section about one of the parts below: where a part belongs is what the settings of now say.
bool is_part(const scope& where, breakdown by, const record_section& section, const organisation& sites)
{
    if (section.by != name(by)) return false;
    if (by == breakdown::group) return true;
    const auto& all = sites.sites();
    const auto at =
        by == breakdown::service
            ? std::find_if(all.begin(), all.end(),
                           [&](const site_entry& one) { return one.services.contains(section.key); })
            : std::find_if(all.begin(), all.end(), [&](const site_entry& one) { return one.code == section.key; });
    const bool known = at != all.end();
    return matches(where.site, known ? at->code : std::string()) &&
           matches(where.group, known ? at->group : std::string());
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
    read_frozen(store, query_of(days, indexed), [&](std::int32_t day, const record_section& section) {
        if (is_whole(where, section)) {
            parts.add_total(day, section.counts);
            times.add_total(day, section.counts);
        }
        if (is_part(where, made.by, section, sites)) parts.add_row(std::string(section.key), section.counts);
    });
    broken_down below = parts.result();
    for (const ports::period_record& one : store.retention().records(cohort_of(days.from), cohort_of(days.to)))
        if (one.revision > 1) made.revisions[one.day] = {one.revision, one.at};
    made.totals = std::move(below.totals);
    made.parts = std::move(below.rows);
    made.over_time = times.rows();
    return made;
}
}
