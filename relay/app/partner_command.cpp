#include "relay/app/partner_command.hpp"

#include <cmath>
#include <ostream>

#include "mime/render/sheet_pdf.hpp"
#include "relay/app/report_print.hpp"

namespace relay::app {
using namespace pipeline;
using mime::cda::block_kind;
using mime::cda::narrative_block;
using mime::cda::narrative_table;
namespace {
constexpr const char* hidden = "n < 5";

struct definition {
    const char* word;
    const char* text;
};
constexpr definition definitions[] = {
    {"Sorties",
     "séjours dont le patient est sorti pendant la période, et dont le médecin traitant exerce dans votre structure."},
    {"J0",
     "lettre de liaison acceptée par la messagerie du médecin traitant le jour de la sortie (obligation légale)."},
    {"48 h", "la même lettre acceptée dans les 48 heures qui suivent la sortie, nuits et jours fériés compris."},
    {"48 h, toute voie",
     "y compris les remises par une autre voie (papier, télécopie, main propre) enregistrées dans les 48 heures."},
    {"Remise confirmée",
     "parmi les lettres acceptées, celles dont un avis de remise ou un accusé de lecture est revenu."},
    {"Sans lettre", "séjours sans aucune lettre déposée par le service."},
    {"Sans adresse", "lettres dont la boîte du médecin traitant n'était pas utilisable au premier essai."},
    {"Envois refusés", "envois terminés par un refus, parmi les envois terminés."},
    {"Classement refusé", "envois que votre logiciel dit n'avoir pas pu classer, parmi les envois acceptés."},
    {"Lecture connue", "minimum : les accusés de lecture sont facultatifs pour le destinataire."},
    {"Délai",
     "de la sortie à l'acceptation ; la médiane est le délai que la moitié des séjours ne dépassent pas, p95 celui que "
     "95 % ne dépassent pas ; un séjour sans lettre compte comme jamais atteint."},
    {"n < 5", "un taux sur moins de cinq séjours n'est pas montré, ni ceux qui permettraient de le déduire."},
};

narrative_block heading(std::size_t level, std::string text)
{
    return {block_kind::heading, level, {}, std::move(text)};
}
narrative_block paragraph(std::string text)
{
    return {block_kind::paragraph, 0, {}, std::move(text)};
}

class table_block {
public:
    explicit table_block(std::initializer_list<const char*> head)
    {
        block_.kind = block_kind::table;
        block_.table.head_rows = 1;
        mime::cda::narrative_row row;
        for (const char* text : head) row.cells.push_back({text, 1, 1, true});
        block_.table.rows.push_back(std::move(row));
    }
    void add(std::vector<std::string> texts)
    {
        mime::cda::narrative_row row;
        for (std::string& text : texts) row.cells.push_back({std::move(text)});
        row.cells.front().is_heading = true;
        block_.table.rows.push_back(std::move(row));
    }
    [[nodiscard]] narrative_block take() { return std::move(block_); }

private:
    narrative_block block_;
};

std::string percent(const rate& r)
{
    return r.value() ? std::to_string(std::lround(*r.value() * 100)) + " %" : "–";
}

std::string shown(const rate& r, bool may)
{
    if (r.denominator == 0) return "–";
    return may ? percent(r) + " (" + std::to_string(r.numerator) + " sur " + std::to_string(r.denominator) + ")"
               : hidden;
}

std::string shown(const lag_figure& f)
{
    return f.count == 0               ? std::string("–")
           : f.count < smallest_shown ? std::string(hidden)
           : f.value                  ? duration(f.value)
                                      : std::string("non atteint");
}

narrative_block indicators_of(const period_figures& t)
{
    table_block made({"Indicateur", "Taux", "Séjours ou envois", "En attente"});
    for (const indicator& one : all_indicators()) {
        const rate& r = t.*one.figure;
        const std::string_view key = one.key;
        if (key == "repeated" || (key == "handed_over" && r.denominator == 0)) continue;
        const bool may = is_showable(r);
        const std::string counts = r.denominator == 0 ? "–"
                                   : may ? std::to_string(r.numerator) + " sur " + std::to_string(r.denominator)
                                         : hidden;
        made.add({one.label, r.denominator == 0 ? "–" : may ? percent(r) : hidden, counts, std::to_string(r.pending)});
    }
    return made.take();
}

// J0 and 48 h of each month, so that no difference with the totals gives a small one away; the lag of a month is hidden
// with its 48 h.
narrative_block months_of(const partner_figures& figures)
{
    table_block made({"Mois", "Sorties", "J0", "48 h", "Délai médian"});
    std::vector<rate> j0, h48;
    for (const auto& [month, t] : figures.months) j0.push_back(t.j0), h48.push_back(t.h48);
    const auto j0_shown = showable(j0), h48_shown = showable(h48);
    for (std::size_t i = 0; i < figures.months.size(); ++i) {
        const auto& [month, t] = figures.months[i];
        made.add({month.substr(5) + "/" + month.substr(0, 4), std::to_string(t.discharges), shown(t.j0, j0_shown[i]),
                  shown(t.h48, h48_shown[i]), h48_shown[i] ? shown(t.lag.median) : hidden});
    }
    const period_figures& t = figures.totals;
    made.add({"Période", std::to_string(t.discharges), shown(t.j0, is_showable(t.j0)), shown(t.h48, is_showable(t.h48)),
              shown(t.lag.median)});
    return made.take();
}

narrative_block lags_of(const period_figures& t)
{
    table_block made({"Délai", "Médiane", "p95", "n"});
    const auto add = [&](const char* label, const lag_summary& lag) {
        made.add({label, shown(lag.median), shown(lag.p95), std::to_string(lag.median.count)});
    };
    add("De la sortie à l'acceptation", t.lag);
    add("dont rédaction et signature", t.writing);
    add("dont dépôt au relais", t.submission);
    add("dont relais", t.relay);
    return made.take();
}

void add_causes(std::vector<narrative_block>& to, const period_figures& t)
{
    if (t.no_address_causes.empty() && t.failures.empty()) {
        to.push_back(paragraph("Aucun refus ni adresse manquante pendant la période."));
        return;
    }
    // Their sum is the numerator of a rate: hidden where that is.
    if (!is_showable(t.no_address) || !is_showable(t.rejected)) {
        to.push_back(paragraph("Causes non montrées : trop peu d'envois."));
        return;
    }
    table_block made({"Cause", "Où", "Nombre"});
    const auto add = [&made](cause why, const char* where, std::int64_t n) {
        made.add({word(why, language::french), where, n < smallest_shown ? hidden : std::to_string(n)});
    };
    for (const auto& [why, n] : t.no_address_causes) add(why, "adresse", n);
    for (const auto& [why, n] : t.failures) add(why, "envoi refusé", n);
    to.push_back(made.take());
}

std::string escaped(std::string_view text)
{
    std::string out;
    for (const char c : text) switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            default: out += c;
        }
    return out;
}

void write_html(std::string& out, const narrative_table& table)
{
    out += "<table>\n";
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        const bool head = i < table.head_rows;
        out += i == 0 ? "<thead><tr>" : "<tr>";
        for (const auto& cell : table.rows[i].cells) {
            const char* tag = cell.is_heading ? "th" : "td";
            out.append("<").append(tag).append(!cell.is_heading ? "" : head ? " scope=\"col\"" : " scope=\"row\"");
            out.append(">").append(escaped(cell.text)).append("</").append(tag).append(">");
        }
        out += head && i + 1 == table.head_rows ? "</tr></thead>\n<tbody>\n" : "</tr>\n";
    }
    out += "</tbody>\n</table>\n";
}

void write_html(std::string& out, const narrative_block& block)
{
    const std::string text = escaped(block.text);
    switch (block.kind) {
        case block_kind::heading: {
            const std::string tag = "h" + std::to_string(block.level);
            out += "<" + tag + ">" + text + "</" + tag + ">\n";
            break;
        }
        case block_kind::paragraph: out += "<p>" + text + "</p>\n"; break;
        case block_kind::item: out += "<p class=\"definition\">" + text + "</p>\n"; break;
        case block_kind::table: write_html(out, block.table); break;
    }
}

constexpr std::string_view style = R"(
@page { size: A4; margin: 18mm 16mm; }
body { font: 10.5pt/1.4 "DejaVu Sans", Arial, sans-serif; color: #1b1b1b; max-width: 178mm; margin: 12mm auto; padding: 0 4mm; }
@media print { body { margin: 0; padding: 0; max-width: none; } }
h1 { font-size: 17pt; margin: 0 0 2mm; }
h2 { font-size: 12.5pt; margin: 7mm 0 2mm; border-bottom: 0.4mm solid #1f4e79; padding-bottom: 1mm; color: #1f4e79; break-after: avoid; }
p { margin: 1mm 0; }
table { border-collapse: collapse; width: 100%; break-inside: avoid; }
th, td { text-align: right; padding: 1.1mm 2mm; border-bottom: 0.2mm solid #c9ced6; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
thead th { background: #eef2f7; border-bottom: 0.4mm solid #8a97a8; }
tbody th { font-weight: normal; }
tbody tr:last-child > * { border-bottom: 0.4mm solid #8a97a8; }
.definition { font-size: 8.5pt; color: #333; margin: 0.6mm 0; }
)";
}

std::vector<narrative_block> partner_blocks(const partner_sheet& from)
{
    std::vector<narrative_block> all;
    const period_figures& t = from.figures.totals;
    all.push_back(heading(1, "Lettres de sortie : " + from.partner));
    all.push_back(paragraph(from.establishment + ", sorties du " + from.from + " au " + from.until + ". Établi le " +
                            from.made + (from.standing.empty() ? "." : " ; " + from.standing + ".")));
    std::string excluded;
    for (const auto& [code, n] : t.exclusions)
        excluded += (excluded.empty() ? " : " : ", ") + code + " " + std::to_string(n);
    all.push_back(paragraph(std::to_string(t.discharges) + " sorties, dont " + std::to_string(t.excluded) +
                            " hors indicateurs" + excluded + "."));
    all.push_back(heading(2, "Indicateurs de la période"));
    all.push_back(indicators_of(t));
    all.push_back(heading(2, "Mois par mois"));
    all.push_back(months_of(from.figures));
    all.push_back(heading(2, "Délais"));
    all.push_back(lags_of(t));
    all.push_back(heading(2, "Causes"));
    add_causes(all, t);
    all.push_back(heading(2, "Définitions"));
    for (const definition& one : definitions)
        all.push_back({block_kind::item, 1, "•", std::string(one.word) + " : " + one.text});
    return all;
}

std::string partner_html(const partner_sheet& from)
{
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n<title>Lettres de sortie : " +
        escaped(from.partner) + "</title>\n<style>" + std::string(style) + "</style>\n</head>\n<body>\n";
    for (const narrative_block& block : partner_blocks(from)) write_html(out, block);
    return out + "</body>\n</html>\n";
}

std::string partner_pdf(const partner_sheet& from, std::string_view created)
{
    return mime::render::sheet_pdf({"Lettres de sortie : " + from.partner, std::string(created),
                                    from.establishment + " – sorties du " + from.from + " au " + from.until,
                                    partner_blocks(from)});
}

int run_partner_report(const console& to, const open_reading& from, const report_request& wanted)
{
    const mime::zone& zone = from.parts->zone;
    const instant now = base::system_wall_clock().now();
    const auto days = requested_partner_days(to, wanted, std::chrono::sys_days(mime::local_date(now, zone)));
    if (!days) return exit_usage;
    partner_builder builder(wanted.partner, now);
    period_standing standing;
    if (!read_all(to, from, [&](ports::reader& store) {
            standing = standing_of_period(store, cohort_of(days->from), cohort_of(days->to));
            store.read_facts(query_of(*days), [&](const stay_facts& one) { builder.add(one); });
            read_frozen(store, query_of(*days), [&](std::int32_t day, const record_section& section) {
                if (section.by == name(breakdown::structure)) builder.add_frozen(day, section.key, section.counts);
            });
        }))
        return exit_failed;
    const auto date = [&](std::chrono::sys_days day) {
        return mime::format_local(mime::start_of_day(std::chrono::year_month_day(day), zone), zone,
                                  mime::local_format::date_text);
    };
    partner_sheet sheet;
    sheet.partner = wanted.partner_name.empty() ? "structure " + wanted.partner : wanted.partner_name;
    sheet.establishment = from.parts->settings.establishment.name;
    sheet.from = date(days->from);
    sheet.until = date(days->to - std::chrono::days(1));
    sheet.made = local_time(now, zone);
    sheet.standing = standing_text(standing, *days, now, zone);
    sheet.figures = builder.result();
    if (to.format == output_format::pdf)
        to.out << partner_pdf(sheet, mime::format_utc(now));
    else
        to.out << partner_html(sheet);
    return 0;
}
}
