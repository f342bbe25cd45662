// relay/http/figure_cells.hpp: how a figure stands in a page: a rate never without its counts, a lag with how many it
// is of, and the bare numbers beside the text for charts and for whoever checks the page (domain.md §5). Pure.
#pragma once

#include "relay/http/html.hpp"
#include "relay/pipeline/indicators.hpp"

namespace relay::http {
[[nodiscard]] std::string counted(std::int64_t n, std::string_view one, std::string_view many);  // "1 sortie"
[[nodiscard]] std::string lag_text(const pipeline::lag_figure& figure);  // "2 h 05", "non atteint", "–" of none

// `of`: the figures that the rate is one of: their excluded stays are told with it.
void rate_values(html& out, markup key, const pipeline::rate& r, const pipeline::period_figures& of);
void rate_cell(html& out, markup key, const pipeline::rate& r, const pipeline::period_figures& of);
void rate_tile(html& out, markup label, markup key, const pipeline::rate& r, const pipeline::period_figures& of);
void lag_values(html& out, markup key, const pipeline::lag_figure& figure);
void lag_cell(html& out, markup key, const pipeline::lag_summary& lag);
void lag_tile(html& out, markup label, markup key, const pipeline::lag_summary& lag);
void number_cell(html& out, std::int64_t value);
}
