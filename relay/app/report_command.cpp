// `liaison report`: the delays of a period's discharges.
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/app/table.hpp"
#include "relay/pipeline/period_report.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;
namespace {
std::string short_id(const std::string& id)
{
    return id.substr(0, 8);
}

std::optional<instant> day_start(const std::string& text, const mime::zone& zone, int plus_days)
{
    std::string digits;
    for (const char c : text)
        if (c != '-') digits += c;
    const auto read = mime::read_timestamp(digits);
    if (!read || read->precision != mime::time_precision::day || digits.size() != 8) return std::nullopt;
    const auto day = std::chrono::sys_days(std::chrono::year(read->year) / std::chrono::month(read->month) /
                                           std::chrono::day(read->day)) +
                     std::chrono::days(plus_days);
    return mime::start_of_day(std::chrono::year_month_day(day), zone);
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

json::object json_of(const period_report& report, const mime::zone& zone)
{
    json::array stays, others;
    for (const stay_line& line : report.stays) {
        json::array letters;
        for (const letter_line& letter : line.letters) letters.push_back(json_of(letter, zone));
        stays.push_back(json::object{{"id", line.stay.id.text()},
                                     {"discharge", time_of(line.stay.discharge, zone)},
                                     {"quality", name(line.stay.quality)},
                                     {"service", line.stay.service},
                                     {"exclusion", line.stay.exclusion},
                                     {"state", name(line.outcome.state)},
                                     {"stop", time_of(line.outcome.stop, zone)},
                                     {"lag_seconds", seconds_of(line.outcome.lag)},
                                     {"j0_met", line.outcome.j0_met},
                                     {"h48_met", line.outcome.h48_met},
                                     {"j0_pending", line.outcome.j0_pending},
                                     {"h48_pending", line.outcome.h48_pending},
                                     {"confirmed", line.confirmed},
                                     {"letters", letters}});
    }
    for (const letter_line& line : report.without_stay) others.push_back(json_of(line, zone));
    const period_figures& t = report.totals;
    json::object exclusions;
    for (const auto& [code, count] : t.exclusions) exclusions[code] = count;
    return {{"stays", stays},
            {"without_stay", others},
            {"totals", json::object{{"discharges", t.discharges},
                                    {"eligible", t.eligible},
                                    {"exclusions", exclusions},
                                    {"j0", json_of(t.j0)},
                                    {"h48", json_of(t.h48)},
                                    {"confirmed", json_of(t.confirmed)},
                                    {"no_letter", json_of(t.no_letter)},
                                    {"lag_median_seconds", seconds_of(t.lag_median.value)},
                                    {"lag_p95_seconds", seconds_of(t.lag_p95.value)},
                                    {"lag_count", t.lag_median.count}}}};
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
        const stay_assessment& o = line.outcome;
        if (line.letters.empty()) {
            rows.rows.push_back({discharge, line.stay.service, word(o.state, in), "–", "", "", "", "–",
                                 met(o.j0_met, o.j0_pending, in), met(o.h48_met, o.h48_pending, in),
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
    std::string text = r.value() ? std::to_string(static_cast<int>(*r.value() * 100 + 0.5)) + " %" : "–";
    text += "  (" + std::to_string(r.numerator) + " sur " + std::to_string(r.denominator);
    if (r.pending > 0) text += ", " + std::to_string(r.pending) + " en attente";
    return text + ")";
}

void print_totals(const console& to, const period_figures& t)
{
    std::int64_t excluded = 0;
    for (const auto& [code, count] : t.exclusions) excluded += count;
    const auto lag = [](const lag_figure& f) {
        return f.count == 0 ? std::string("–") : f.value ? duration(f.value) : std::string("non atteint");
    };
    to.out << "\nsorties            " << t.discharges << " (dont " << excluded << " exclues)\n"
           << "J0 tenu            " << shown(t.j0) << "\n48 h tenu          " << shown(t.h48) << "\nremise confirmée   "
           << shown(t.confirmed) << "\nsans lettre        " << shown(t.no_letter) << "\ndélai médian       "
           << lag(t.lag_median) << "   p95 " << lag(t.lag_p95) << "   (n = " << t.lag_median.count << ")\n";
}
}

int run_report(const console& to, const config::path& settings, const std::string& from_day,
               const std::string& until_day)
{
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    const mime::zone& zone = from->parts->zone;
    const auto begin = day_start(from_day, zone, 0);
    const auto end = day_start(until_day, zone, 1);
    if (!begin || !end || *end <= *begin) {
        to.err << "--from et --to attendent deux dates AAAA-MM-JJ, la première avant la seconde\n";
        return 2;
    }
    const instant now = base::system_wall_clock().now();
    constexpr auto closing = std::chrono::hours(48);  // domain.md §5: closed 48 h after the last discharge
    const bool provisional = now < *end + closing;
    period_report report;
    if (!read_all(to, *from, [&](ports::reader& store) { report = build_report(store, *begin, *end, now, zone); }))
        return exit_failed;
    if (to.format == output_format::json) {
        json::object out = json_of(report, zone);
        out["from"] = from_day;
        out["to"] = until_day;
        out["now"] = iso_time(now, zone);
        out["provisional"] = provisional;
        to.out << json::serialize(out) << "\n";
        return 0;
    }
    print(to, table_of(report, zone, to.words));
    if (to.format == output_format::table) {
        to.out << "MT : médecin traitant ; * : document qui ne compte pas pour J0 et 48 h\n";
        print_totals(to, report.totals);
        if (provisional) to.out << "chiffres provisoires jusqu'au " << local_time(*end + closing, zone) << "\n";
    }
    return 0;
}
}
