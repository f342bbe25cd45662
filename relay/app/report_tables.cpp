// The figures of `liaison report` for people.
#include <algorithm>
#include <cmath>
#include <ostream>

#include "relay/app/report_print.hpp"

namespace relay::app {
using namespace pipeline;
namespace {
std::string short_id(const std::string& id)
{
    return id.substr(id.size() - std::min<std::size_t>(id.size(), 8));  // its beginning is the time
}

std::string met(bool is_met, bool pending, language in)
{
    return !is_met && pending ? (in == language::french ? "en attente" : "pending") : yes_no(is_met, in);
}

std::string shown(const rate& r)
{
    std::string text = r.value() ? std::to_string(std::lround(*r.value() * 100)) + " %" : "–";
    text += "  (" + std::to_string(r.numerator) + " sur " + std::to_string(r.denominator);
    if (r.pending > 0) text += ", " + std::to_string(r.pending) + " en attente";
    return text + ")";
}

std::string shown(const lag_figure& f)
{
    return f.count == 0 ? std::string("–") : f.value ? duration(f.value) : std::string("non atteint");
}

std::string shown(const lag_summary& lag)
{
    return shown(lag.median) + "   p95 " + shown(lag.p95) + "   (n = " + std::to_string(lag.median.count) + ")";
}

std::string shown(const std::map<cause, std::int64_t>& causes)
{
    std::string text;
    for (const auto& [why, n] : causes)
        text += (text.empty() ? "" : ", ") + std::string(name(why)) + " " + std::to_string(n);
    return text;
}
}

table table_of(const period_report& report, const mime::zone& zone, language in)
{
    table rows{{{"sortie"},
                {"service"},
                {"séjour"},
                {"lettre"},
                {"type"},
                {"pour"},
                {"envoi"},
                {"délai", align::right},
                {"J0"},
                {"48 h"},
                {"cause"}},
               {}};
    for (const stay_line& line : report.stays) {
        const std::string discharge =
            !line.stay.discharge ? "–"
            : line.stay.quality == discharge_quality::date_only
                ? mime::format_local(*line.stay.discharge, zone, mime::local_format::date_text)
                : local_time(*line.stay.discharge, zone);
        const stay_facts& facts = line.facts;
        const stay_standing& o = line.standing;
        if (line.letters.empty()) {
            rows.rows.push_back({discharge, line.stay.service, word(o.state, in), "–", "", "", "", "–",
                                 met(facts.j0_met, o.j0_pending, in), met(facts.h48_met, o.h48_pending, in),
                                 in == language::french ? "aucune lettre déposée" : "no letter"});
            continue;
        }
        for (const letter_line& letter : line.letters) {
            const bool counts = letter.qualifying && letter.delivery.role == recipient_role::treating_doctor;
            const std::string to = counts                                                    ? "MT"
                                   : letter.delivery.role == recipient_role::treating_doctor ? "MT *"
                                   : letter.delivery.role == recipient_role::patient         ? "patient"
                                                                                             : "autre";
            rows.rows.push_back(
                {discharge, line.stay.service, word(o.state, in), short_id(letter.letter.id.text()),
                 type_name(letter.letter.type_code), to,
                 letter.delivery.id.empty() ? "–" : word(letter.delivery.state, in), duration(letter.lag),
                 counts ? (letter.j0_met ? yes_no(letter.j0_met, in) : met(false, o.j0_pending, in)) : "–",
                 counts ? (letter.h48_met ? yes_no(letter.h48_met, in) : met(false, o.h48_pending, in)) : "–",
                 word(letter.delivery.why, in)});
        }
    }
    for (const letter_line& letter : report.without_stay)
        rows.rows.push_back({"sortie inconnue", letter.letter.service, "–", short_id(letter.letter.id.text()),
                             type_name(letter.letter.type_code), "",
                             letter.delivery.id.empty() ? "–" : word(letter.delivery.state, in), "–", "–", "–",
                             word(letter.delivery.why, in)});
    return rows;
}

void print_totals(const console& to, const period_figures& t)
{
    const auto line = [&](const char* label, const std::string& text) { to.out << padded(label, 27) << text << "\n"; };
    to.out << "\n";
    std::string exclusions;
    for (const auto& [code, n] : t.exclusions)
        exclusions += (exclusions.empty() ? " : " : ", ") + code + " " + std::to_string(n);
    line("sorties",
         std::to_string(t.discharges) + " (dont " + std::to_string(t.excluded) + " exclues" + exclusions + ")");
    for (const indicator& one : all_indicators())
        if (std::string_view(one.key) != "handed_over" || t.handed_over.denominator > 0)  // where a site tells it
            line(one.label, shown(t.*one.figure));
    if (!t.no_address_causes.empty()) line("  sans adresse, causes", shown(t.no_address_causes));
    if (!t.failures.empty()) line("  envois refusés, causes", shown(t.failures));
    line("délai médian", shown(t.lag));
    line("  dont rédaction", shown(t.writing));
    line("  dont dépôt", shown(t.submission));
    line("  dont relais", shown(t.relay));
    if (t.crh_as_letter > 0) line("CRH tenant lieu de LL", std::to_string(t.crh_as_letter));
    if (t.doctor_assumed > 0) line("MT supposé", std::to_string(t.doctor_assumed));
}

table table_of(const broken_down& figures, breakdown by, const pipeline::organisation& sites)
{
    table rows{{{std::string(name(by))},
                {"sorties", align::right},
                {"exclues", align::right},
                {"J0", align::right},
                {"48 h", align::right},
                {"sans lettre", align::right},
                {"sans adresse", align::right},
                {"refusés", align::right},
                {"délai médian", align::right},
                {"p95", align::right}},
               {}};
    const auto add = [&](const std::string& key, const period_figures& t) {
        rows.rows.push_back({key, std::to_string(t.discharges), std::to_string(t.excluded), shown(t.j0), shown(t.h48),
                             shown(t.no_letter), shown(t.no_address), shown(t.rejected), shown(t.lag.median),
                             shown(t.lag.p95)});
    };
    for (const auto& [key, t] : figures.rows) {
        const auto label = by == breakdown::service ? sites.service_name(key) : std::string_view();
        add(key.empty() ? "(inconnu)" : label.empty() ? key : key + " " + std::string(label), t);
    }
    add("total", figures.totals);
    return rows;
}

std::string standing_text(const period_standing& standing, const day_range& days, instant now, const mime::zone& zone)
{
    if (const instant until = closing_of(days, zone); now < until)
        return "chiffres provisoires jusqu'au " + local_time(until, zone);
    if (standing.at == instant()) return {};
    if (!standing.closed) return "chiffres clos, pas encore tous enregistrés";
    return "chiffres clos, révision " + std::to_string(standing.revision) + " du " + local_time(standing.at, zone);
}

void print_changes(const console& to, const period_standing& standing, const mime::zone& zone)
{
    for (const ports::period_record& one : standing.changes)
        to.out << "  " << key_of_day(one.day, breakdown::day) << ", révision " << one.revision << " du "
               << local_time(one.at, zone) << " : " << (one.changes.empty() ? "répartition" : one.changes) << "\n";
}
}
