// `liaison report`: the delays of a period's discharges.
#include <cmath>
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/app/table.hpp"
#include "relay/pipeline/indicator_words.hpp"
#include "relay/pipeline/period_report.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;
namespace {
std::string short_id(const std::string& id)
{
    return id.substr(0, 8);
}

json::value seconds_of(const std::optional<std::chrono::milliseconds>& value)
{
    if (!value) return nullptr;
    return static_cast<double>(value->count()) / 1000.0;
}

json::value flag_of(const std::optional<bool>& value)
{
    return value ? json::value(*value) : json::value(nullptr);
}

json::value time_of(const std::optional<instant>& at, const mime::zone& zone)
{
    return at ? json::value(iso_time(*at, zone)) : json::value(nullptr);
}

json::object json_of(const letter_line& line, const mime::zone& zone)
{
    return {{"id", line.letter.id.text()},
            {"type", line.letter.type_code},
            {"delivery", line.delivery.id.text()},
            {"role", name(line.delivery.role)},
            {"qualifying", line.qualifying},
            {"state", line.delivery.id.empty() ? "none" : name(line.delivery.state)},
            {"cause", line.delivery.why == cause::none ? "" : name(line.delivery.why)},
            {"accepted", time_of(line.delivery.accepted_at, zone)},
            {"j0_met", flag_of(line.j0_met)},
            {"h48_met", flag_of(line.h48_met)},
            {"lag_seconds", seconds_of(line.lag)}};
}

json::object json_of(const rate& r)
{
    json::object out{{"numerator", r.numerator}, {"denominator", r.denominator}, {"pending", r.pending}};
    const auto value = r.value();
    out["rate"] = value ? json::value(*value) : json::value(nullptr);
    return out;
}

json::object json_of(const lag_summary& lag)
{
    const auto value = [](const lag_figure& figure) -> json::value {
        if (figure.count == 0) return nullptr;
        return figure.value ? seconds_of(figure.value) : json::value("not reached");
    };
    return {{"median_seconds", value(lag.median)}, {"p95_seconds", value(lag.p95)}, {"count", lag.median.count}};
}

json::object json_of(const std::map<cause, std::int64_t>& causes)
{
    json::object out;
    for (const auto& [why, n] : causes) out[name(why)] = n;
    return out;
}

json::object json_of(const period_figures& t)
{
    json::object exclusions;
    for (const auto& [code, count] : t.exclusions) exclusions[code] = count;
    json::object out{{"discharges", t.discharges},
                     {"eligible", t.eligible},
                     {"excluded", t.excluded},
                     {"exclusions", exclusions},
                     {"crh_as_letter", t.crh_as_letter},
                     {"doctor_assumed", t.doctor_assumed},
                     {"no_address_causes", json_of(t.no_address_causes)},
                     {"rejected_causes", json_of(t.failures)}};
    for (const lag_segment& one : all_lags()) out[one.key] = json_of(t.*one.figure);
    for (const indicator& one : all_indicators()) out[one.key] = json_of(t.*one.figure);
    return out;
}

json::object json_of(const period_report& report, const mime::zone& zone)
{
    json::array stays, others;
    for (const stay_line& line : report.stays) {
        const stay_facts& facts = line.facts;
        json::array letters;
        for (const letter_line& letter : line.letters) letters.push_back(json_of(letter, zone));
        stays.push_back(
            json::object{{"id", line.stay.id.text()},
                         {"discharge", time_of(line.stay.discharge, zone)},
                         {"quality", name(line.stay.quality)},
                         {"service", facts.service},
                         {"site", facts.site},
                         {"exclusion", facts.exclusion},
                         {"state", name(line.standing.state)},
                         {"stop", time_of(facts.stop, zone)},
                         {"lag_seconds", seconds_of(facts.stop ? lag_of(facts, *facts.stop) : std::nullopt)},
                         {"j0_met", facts.j0_met},
                         {"h48_met", facts.h48_met},
                         {"j0_pending", line.standing.j0_pending},
                         {"h48_pending", line.standing.h48_pending},
                         {"confirmed", facts.confirmed},
                         {"letters", letters}});
    }
    for (const letter_line& line : report.without_stay) others.push_back(json_of(line, zone));
    return {{"stays", stays}, {"without_stay", others}, {"totals", json_of(report.totals)}};
}

std::string met(bool is_met, bool pending, language in)
{
    return !is_met && pending ? (in == language::french ? "en attente" : "pending") : yes_no(is_met, in);
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

void print_totals(const console& to, const period_figures& t)
{
    const auto line = [&](const std::string& label, const std::string& text) {
        to.out << padded(label, 27) << text << "\n";
    };
    to.out << "\n";
    std::string exclusions;
    for (const auto& [code, n] : t.exclusions)
        exclusions += (exclusions.empty() ? " : " : ", ") + code + " " + std::to_string(n);
    line("sorties",
         std::to_string(t.discharges) + " (dont " + std::to_string(t.excluded) + " exclues" + exclusions + ")");
    for (const indicator& one : all_indicators()) line(one.label, shown(t.*one.figure));
    if (!t.no_address_causes.empty()) line("  sans adresse, causes", shown(t.no_address_causes));
    if (!t.failures.empty()) line("  envois refusés, causes", shown(t.failures));
    for (const lag_segment& one : all_lags())
        line((one.figure == &period_figures::lag ? "" : "  ") + std::string(one.label), shown(t.*one.figure));
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

json::object json_of(const broken_down& figures, breakdown by)
{
    json::array rows;
    for (const auto& [key, t] : figures.rows) {
        json::object row = json_of(t);
        row["key"] = key;
        rows.push_back(std::move(row));
    }
    return {{"by", name(by)}, {"rows", rows}, {"totals", json_of(figures.totals)}};
}
}

int run_report(const console& to, const config::path& settings, const report_request& wanted)
{
    const auto by = breakdown_from(wanted.by.empty() ? "none" : wanted.by);
    if (!by) {
        to.err
            << "--by inconnu : group, site, service, type, class, day, month, weekday, hour-band, recipient-operator\n";
        return exit_usage;
    }
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    const mime::zone& zone = from->parts->zone;
    const auto first = read_day(wanted.from);
    const auto last = read_day(wanted.until);
    if (!first || !last || *last < *first) {
        to.err << "--from et --to attendent deux dates AAAA-MM-JJ, la première avant la seconde\n";
        return exit_usage;
    }
    const day_range days{*first, *last + std::chrono::days(1)};
    const instant now = base::system_wall_clock().now();
    const instant closing = closing_of(days, zone);
    const bool provisional = now < closing;
    const bool listed = *by == breakdown::none && wanted.service.empty();
    period_report report;
    broken_down figures;
    std::string basis;
    if (!read_all(to, *from, [&](ports::reader& store) {
            basis = store.facts_basis();
            if (listed)
                report = build_report(store, days, now, zone);
            else
                figures = build_figures(store, query_of(days, wanted.service), *by, now);
        }))
        return exit_failed;
    if (basis != facts_keeper(from->parts->sites, zone).basis())
        to.err
            << "chiffres en cours de recalcul : les sites ou les règles ont changé (démarrer ou recharger le nœud)\n";
    if (to.format == output_format::json) {
        json::object out = listed ? json_of(report, zone) : json_of(figures, *by);
        out["from"] = wanted.from;
        out["to"] = wanted.until;
        out["now"] = iso_time(now, zone);
        out["provisional"] = provisional;
        to.out << json::serialize(out) << "\n";
        return 0;
    }
    print(to, listed ? table_of(report, zone, to.words) : table_of(figures, *by, from->parts->sites));
    if (to.format == output_format::table) {
        if (listed) to.out << "MT : médecin traitant ; * : document qui ne compte pas pour J0 et 48 h\n";
        print_totals(to, listed ? report.totals : figures.totals);
        if (provisional) to.out << "chiffres provisoires jusqu'au " << local_time(closing, zone) << "\n";
    }
    return 0;
}
}
