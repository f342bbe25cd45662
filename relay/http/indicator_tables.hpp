// relay/http/indicator_tables.hpp: the sections of the page of rates that only show figures (domain.md §5): over time,
// by step, every rate, causes; each a table, with a chart where it has one that only repeats it. Pure.
#pragma once

#include "relay/http/html.hpp"
#include "relay/pipeline/scoped_figures.hpp"

namespace relay::http {
// "2026-11-20" or "2026-11" as people here write it.
[[nodiscard]] std::string shown_day(std::string_view key);

void write_over_time(html& out, const pipeline::scoped_figures& figures);  // the rates J0 and 48 h
void write_segments(html& out, const pipeline::scoped_figures& figures);   // the lags of writing, submission, relay
void write_all_rates(html& out, const pipeline::period_figures& t);
void write_causes(html& out, const pipeline::period_figures& t);  // nothing where there is none
}
