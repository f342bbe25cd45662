#include "relay/http/indicator_tables.hpp"

#include "relay/http/figure_cells.hpp"
#include "relay/pipeline/indicator_words.hpp"
#include "relay/pipeline/words.hpp"

namespace relay::http {
using namespace pipeline;

std::string shown_day(std::string_view key)
{
    const std::string year(key.substr(0, 4)), month(key.substr(5, 2));
    return key.size() == 10 ? std::string(key.substr(8, 2)) + "/" + month + "/" + year : month + "/" + year;
}

namespace {
void row_of(html& out, const std::string& key)
{
    out << "<tr><th scope=\"row\"";
    out.attribute("data-label", shown_day(key).substr(0, key.size() == 10 ? 5 : 7)) << ">";
    out.text(shown_day(key));
    out << "</th>";
}

void chart(html& out, markup kind, markup table, markup name)
{
    out << "<figure class=\"chart\" hidden data-chart=\"" << kind << "\" data-table=\"" << table
        << "\"><canvas role=\"img\" aria-label=\"" << name
        << ". Les mêmes valeurs sont dans le tableau qui suit.\"></canvas></figure>\n";
}

void segment_cells(html& out, const period_figures& t)
{
    lag_cell(out, "writing", t.writing);
    lag_cell(out, "submission", t.submission);
    lag_cell(out, "relay", t.relay);
}

void cause_table(html& out, markup caption, const std::map<cause, std::int64_t>& counts)
{
    if (counts.empty()) return;
    out << "<div class=\"scroll\"><table><caption>" << caption
        << "</caption><thead><tr><th scope=\"col\">Cause</th><th scope=\"col\">Que faire</th>"
           "<th scope=\"col\" class=\"n\">Nombre</th></tr></thead><tbody>\n";
    for (const auto& [why, n] : counts) {
        out << "<tr><th scope=\"row\">";
        out.text(word(why, language::french));
        out << "<small>";
        out.text(name(why));
        out << "</small></th><td>";
        out.text(next_action(why, language::french));
        out << "</td>";
        number_cell(out, n);
        out << "</tr>\n";
    }
    out << "</tbody></table></div>\n";
}
}

void write_over_time(html& out, const scoped_figures& figures)
{
    out << "<section aria-labelledby=\"h-taux\"><h2 id=\"h-taux\">J0 et 48 h dans le temps</h2>\n";
    chart(out, "rates", "t-taux", "Courbes des taux J0 et 48 h");
    out << "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Tableau des taux dans le temps\">"
           "<table id=\"t-taux\"><caption>Taux par date de sortie. Les séjours en attente n'y comptent pas encore."
           "</caption><thead><tr><th scope=\"col\">Sorties du</th><th scope=\"col\" class=\"n\">Sorties</th>"
           "<th scope=\"col\" class=\"n\">Exclues</th><th scope=\"col\" class=\"n\" data-series=\"j0\" "
           "data-name=\"J0\">J0 tenu</th><th scope=\"col\" class=\"n\" data-series=\"h48\" data-name=\"48 h\">48 h "
           "tenu</th><th scope=\"col\" class=\"n\">Sans lettre</th></tr></thead>\n<tbody>\n";
    for (const auto& [key, t] : figures.over_time) {
        row_of(out, key);
        number_cell(out, t.discharges);
        number_cell(out, t.excluded);
        rate_cell(out, "j0", t.j0, t);
        rate_cell(out, "h48", t.h48, t);
        rate_cell(out, "no_letter", t.no_letter, t);
        out << "</tr>\n";
    }
    out << "</tbody></table></div></section>\n";
}

void write_segments(html& out, const scoped_figures& figures)
{
    out << "<section aria-labelledby=\"h-delai\"><h2 id=\"h-delai\">Où passe le temps : délai médian par "
           "étape</h2>\n";
    chart(out, "lags", "t-delai", "Courbes du délai médian de rédaction, de dépôt et de relais");
    out << "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Tableau des délais par étape\">"
           "<table id=\"t-delai\"><caption>Médiane, 95e centile et nombre de séjours acceptés. Rédaction : de la "
           "sortie à la signature ; dépôt : de la signature à la réception par le relais ; relais : de la "
           "réception "
           "à l'acceptation par l'opérateur du médecin.</caption><thead><tr><th scope=\"col\">Sorties du</th>"
           "<th scope=\"col\" class=\"n\" data-series=\"writing\">Rédaction</th><th scope=\"col\" class=\"n\" "
           "data-series=\"submission\">Dépôt</th><th scope=\"col\" class=\"n\" data-series=\"relay\">Relais</th>"
           "</tr></thead>\n<tbody>\n";
    for (const auto& [key, t] : figures.over_time) {
        row_of(out, key);
        segment_cells(out, t);
        out << "</tr>\n";
    }
    out << "</tbody><tfoot><tr><th scope=\"row\">Toute la période</th>";
    segment_cells(out, figures.totals);
    out << "</tr></tfoot></table></div></section>\n";
}

void write_all_rates(html& out, const period_figures& t)
{
    out << "<section aria-labelledby=\"h-tous\"><h2 id=\"h-tous\">Tous les indicateurs de la période</h2>\n"
           "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"h-tous\"><table id=\"t-tous\">"
           "<caption>« – » : aucun séjour à compter.</caption><thead><tr><th scope=\"col\">Indicateur</th>"
           "<th scope=\"col\" class=\"n\">Taux</th><th scope=\"col\" class=\"n\">Numérateur</th><th scope=\"col\" "
           "class=\"n\">Dénominateur</th><th scope=\"col\" class=\"n\">En attente</th><th scope=\"col\" "
           "class=\"n\">Exclues</th></tr></thead>\n<tbody>\n";
    for (const indicator& one : all_indicators()) {
        const rate& r = t.*one.figure;
        out << "<tr";
        out.attribute("data-key", one.key) << "><th scope=\"row\">";
        out.text(one.label);
        out << "<small>";
        out.text(one.meaning);
        out << "</small></th><td class=\"n\">";
        out.text(percent_text(r.numerator, r.denominator));
        out << "</td>";
        for (const auto n : {r.numerator, r.denominator, r.pending, t.excluded}) number_cell(out, n);
        out << "</tr>\n";
    }
    out << "</tbody></table></div></section>\n";
}

void write_causes(html& out, const period_figures& t)
{
    if (t.no_address_causes.empty() && t.failures.empty()) return;
    out << "<section aria-labelledby=\"h-causes\"><h2 id=\"h-causes\">Causes</h2>\n";
    cause_table(out, "Séjours sans adresse au premier essai", t.no_address_causes);
    cause_table(out, "Envois refusés", t.failures);
    out << "</section>\n";
}
}
