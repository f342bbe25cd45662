#include "relay/http/figure_cells.hpp"

#include <fmt/core.h>

#include "relay/pipeline/words.hpp"

namespace relay::http {
using namespace pipeline;

std::string counted(std::int64_t n, std::string_view one, std::string_view many)
{
    return number_text(n) + " " + std::string(n < 2 ? one : many);
}

std::string lag_text(const lag_figure& figure)
{
    return figure.count == 0 ? "–" : figure.value ? duration(figure.value) : "non atteint";
}

namespace {
// "25 sur 30 · 2 en attente · 1 exclue"
std::string counts_of(const rate& r, const period_figures& of)
{
    return number_text(r.numerator) + " sur " + number_text(r.denominator) + " · " + number_text(r.pending) +
           " en attente · " + counted(of.excluded, "exclue", "exclues");
}
}

// The numbers as a program reads them: the charts, and whoever checks the page.
void rate_values(html& out, markup key, const rate& r, const period_figures& of)
{
    out.attribute("data-of", key.text());
    out.attribute("data-value", r.value() ? fmt::format("{:.6f}", *r.value()) : std::string());
    out.attribute("data-numerator", std::to_string(r.numerator));
    out.attribute("data-denominator", std::to_string(r.denominator));
    out.attribute("data-pending", std::to_string(r.pending));
    out.attribute("data-excluded", std::to_string(of.excluded));
}

void rate_cell(html& out, markup key, const rate& r, const period_figures& of)
{
    out << "<td class=\"n\"";
    rate_values(out, key, r, of);
    out << ">";
    out.text(percent_text(r.numerator, r.denominator));
    out << "<small>";
    out.text(number_text(r.numerator) + " sur " + number_text(r.denominator));
    out << "</small>";
    if (r.pending > 0) {
        out << "<small>";
        out.text(number_text(r.pending) + " en attente");
        out << "</small>";
    }
    out << "</td>";
}

void rate_tile(html& out, markup label, markup key, const rate& r, const period_figures& of)
{
    out << "<li";
    rate_values(out, key, r, of);
    out << "><span class=\"name\">" << label << "</span><strong>";
    out.text(percent_text(r.numerator, r.denominator));
    out << "</strong><small>";
    out.text(counts_of(r, of));
    out << "</small></li>";
}

void lag_values(html& out, markup key, const lag_figure& figure)
{
    out.attribute("data-of", key.text());
    const double seconds = figure.value ? static_cast<double>(figure.value->count()) / 1000.0 : 0;
    out.attribute("data-value", figure.value ? fmt::format("{:.3f}", seconds) : std::string());
    out.attribute("data-count", std::to_string(figure.count));
}

void lag_cell(html& out, markup key, const lag_summary& lag)
{
    out << "<td class=\"n\"";
    lag_values(out, key, lag.median);
    out << ">";
    out.text(lag_text(lag.median));
    out << "<small>";
    out.text("p95 " + lag_text(lag.p95));
    out << "</small><small>";
    out.text("n = " + number_text(lag.median.count));
    out << "</small></td>";
}

void number_cell(html& out, std::int64_t value)
{
    out << "<td class=\"n\">";
    out.text(number_text(value));
    out << "</td>";
}

void lag_tile(html& out, markup label, markup key, const lag_summary& lag)
{
    out << "<li";
    lag_values(out, key, lag.median);
    out << "><span class=\"name\">" << label << "</span><strong>";
    out.text(lag_text(lag.median));
    out << "</strong><small>";
    out.text("p95 " + lag_text(lag.p95) + " · n = " + number_text(lag.median.count));
    out << "</small></li>";
}
}
