#include "relay/app/digest_text.hpp"

#include <cmath>

#include "mime/render/rate_chart.hpp"
#include "relay/pipeline/words.hpp"

namespace relay::app {
using namespace pipeline;
namespace {
std::string percent(const rate& of)
{
    return of.value() ? std::to_string(std::lround(*of.value() * 100)) + " %" : "–";
}

std::string counted(const rate& of)
{
    return percent(of) + " (" + std::to_string(of.numerator) + "/" + std::to_string(of.denominator) + ")";
}

std::string shown(const lag_figure& of)
{
    return of.count == 0 ? "–" : of.value ? duration(of.value) : "non atteint";
}

std::string label_of(const std::string& service, const organisation& sites)
{
    if (service.empty()) return "(inconnu)";
    const auto label = sites.service_name(service);
    return label.empty() ? service : service + " " + std::string(label);
}

std::string date_of(std::chrono::sys_days day)
{
    const std::chrono::year_month_day date(day);
    const auto two = [](unsigned n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return two(static_cast<unsigned>(date.day())) + "/" + two(static_cast<unsigned>(date.month())) + "/" +
           std::to_string(static_cast<int>(date.year()));
}

std::string escaped(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

std::string html_table(const table& from)
{
    std::string out = "<table border=\"1\" cellpadding=\"4\" style=\"border-collapse:collapse\"><thead><tr>";
    for (const column& one : from.columns) out += "<th scope=\"col\">" + escaped(one.title) + "</th>";
    out += "</tr></thead><tbody>\r\n";
    for (const auto& row : from.rows) {
        out += "<tr>";
        for (std::size_t at = 0; at < row.size(); ++at)
            out += (at == 0 ? "<th scope=\"row\" align=\"left\">" : "<td align=\"right\">") + escaped(row[at]) +
                   (at == 0 ? "</th>" : "</td>");
        out += "</tr>\r\n";
    }
    return out + "</tbody></table>\r\n";
}

std::string picture_of(const std::string& title, const broken_down& figures, const organisation& sites)
{
    mime::render::rate_chart chart{title, "J0 tenu", "48 h tenu", {}};
    const auto add = [&](const std::string& label, const period_figures& t) {
        chart.rows.push_back({label, {t.j0.value(), counted(t.j0)}, {t.h48.value(), counted(t.h48)}});
    };
    add("Ensemble", figures.totals);
    for (const auto& [service, t] : figures.rows) add(label_of(service, sites), t);
    return mime::render::draw_rates(chart);
}

std::string summary_of(const period_figures& t)
{
    return std::to_string(t.discharges) + " sorties, dont " + std::to_string(t.excluded) +
           " exclues ; J0 tenu : " + counted(t.j0) + ", " + std::to_string(t.j0.pending) +
           " en attente ; 48 h tenu : " + counted(t.h48) + ", " + std::to_string(t.h48.pending) + " en attente.";
}
}

table digest_table(const broken_down& figures, const organisation& sites)
{
    table rows{{{"service"},
                {"sorties", align::right},
                {"exclues", align::right},
                {"J0", align::right},
                {"en attente", align::right},
                {"48 h", align::right},
                {"en attente", align::right},
                {"délai médian", align::right},
                {"p95", align::right},
                {"sans lettre", align::right},
                {"sans adresse", align::right},
                {"refusés", align::right}},
               {}};
    const auto add = [&](const std::string& label, const period_figures& t) {
        rows.rows.push_back({label, std::to_string(t.discharges), std::to_string(t.excluded), counted(t.j0),
                             std::to_string(t.j0.pending), counted(t.h48), std::to_string(t.h48.pending),
                             shown(t.lag.median), shown(t.lag.p95), counted(t.no_letter), counted(t.no_address),
                             counted(t.rejected)});
    };
    for (const auto& [service, t] : figures.rows) add(label_of(service, sites), t);
    add("ensemble", figures.totals);
    return rows;
}

digest_content make_digest(const std::string& group, digest_week week, const broken_down& figures,
                           const organisation& sites)
{
    const day_range days = days_of(week);
    const std::string name = (group.empty() ? "Établissement" : group) + ", semaine " + text_of(week);
    const std::string period =
        "Sorties du " + date_of(days.from) + " au " + date_of(days.to - std::chrono::days(1)) + ".";
    const std::string provisional =
        figures.totals.h48.pending > 0
            ? "Chiffres provisoires : les sorties des dernières 48 heures sont en attente et hors des taux."
            : "";
    constexpr std::string_view note =
        "Un taux se lit avec son numérateur et son dénominateur ; – : aucun séjour. Aucun patient n'est nommé ici.";
    const table rows = digest_table(figures, sites);
    digest_content made;
    made.subject = "Lettres de sortie : " + name;
    made.text = name + "\n" + period + "\n" + summary_of(figures.totals) + "\n\n" + as_text(rows) + "\n" +
                (provisional.empty() ? "" : provisional + "\n") + std::string(note) + "\n";
    made.picture = picture_of(made.subject, figures, sites);
    made.html = "<!DOCTYPE html>\r\n<html lang=\"fr\"><head><meta charset=\"utf-8\"><title>" + escaped(made.subject) +
                "</title></head><body style=\"font-family:sans-serif\">\r\n<h1 style=\"font-size:130%\">" +
                escaped(name) + "</h1>\r\n<p>" + escaped(period) + "<br>" + escaped(summary_of(figures.totals)) +
                "</p>\r\n";
    if (!made.picture.empty())
        made.html +=
            "<p><img src=\"cid:chart\" alt=\"J0 et 48 h tenus par service : les chiffres sont dans le tableau "
            "qui suit\"></p>\r\n";
    made.html += html_table(rows);
    if (!provisional.empty()) made.html += "<p>" + escaped(provisional) + "</p>\r\n";
    made.html += "<p>" + escaped(note) + "</p>\r\n</body></html>\r\n";
    return made;
}
}
