// `liaison report`: the delays of a period's discharges.
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/partner_command.hpp"
#include "relay/app/report_print.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;

std::optional<day_range> requested_days(const console& to, const report_request& wanted)
{
    const auto first = read_day(wanted.from);
    const auto last = read_day(wanted.until);
    if (first && last && *first <= *last) return day_range{*first, *last + std::chrono::days(1)};
    to.err << "--from et --to attendent deux dates AAAA-MM-JJ, la première avant la seconde\n";
    return std::nullopt;
}

std::optional<day_range> requested_partner_days(const console& to, const report_request& wanted,
                                                std::chrono::sys_days today)
{
    const auto days = requested_days(to, wanted);
    if (!days) return std::nullopt;
    if (!is_whole_period(days->from, days->to)) {
        to.err
            << "PARTNER_PERIOD : le rapport d'un partenaire couvre des semaines entières (--from un lundi, --to un "
               "dimanche) ou des mois entiers (--from un 1er, --to un dernier jour du mois) : sinon la différence de "
               "deux rapports montrerait ce que chacun masque\n";
        return std::nullopt;
    }
    if (days->to > today) {
        to.err << "PARTNER_PERIOD_OPEN : cette période n'est pas finie : demander la semaine ou le mois d'avant, ou "
                  "attendre le lendemain de son dernier jour\n";
        return std::nullopt;
    }
    return days;
}

int run_report(const console& to, const config::path& settings, const report_request& wanted)
{
    const auto by = breakdown_from(wanted.by.empty() ? "none" : wanted.by);
    if (!by) {
        to.err << "--by inconnu : " << breakdown_words() << "\n";
        return exit_usage;
    }
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    if (!wanted.partner.empty()) return run_partner_report(to, *from, wanted);
    const mime::zone& zone = from->parts->zone;
    const auto days_asked = requested_days(to, wanted);
    if (!days_asked) return exit_usage;
    const day_range days = *days_asked;
    const instant now = base::system_wall_clock().now();
    const bool provisional = now < closing_of(days, zone);
    const bool listed = *by == breakdown::none && wanted.service.empty();
    period_report report;
    broken_down figures;
    period_standing standing;
    std::string basis;
    if (!read_all(to, *from, [&](ports::reader& store) {
            basis = store.facts_basis();
            standing = standing_of_period(store, cohort_of(days.from), cohort_of(days.to));
            if (listed)
                report = build_report(store, days, now, zone);
            else
                figures = build_figures(store, query_of(days, wanted.service), *by, now);
        }))
        return exit_failed;
    if (basis != facts_keeper(from->parts->sites, zone).basis())
        to.err
            << "chiffres en cours de recalcul : les sites ou les règles ont changé (démarrer ou recharger le nœud)\n";
    if (to.format == output_format::html || to.format == output_format::pdf) {
        to.err << "--format html et pdf vont avec --partner\n";
        return exit_usage;
    }
    if (to.format == output_format::json) {
        json::object out = listed ? json_of(report, zone) : json_of(figures, *by);
        out["from"] = wanted.from;
        out["to"] = wanted.until;
        out["now"] = iso_time(now, zone);
        out["provisional"] = provisional;
        out["period"] = json_of(standing, zone);
        to.out << json::serialize(out) << "\n";
        return 0;
    }
    print(to, listed ? table_of(report, zone, to.words) : table_of(figures, *by, from->parts->sites));
    if (to.format == output_format::table) {
        if (listed) to.out << "MT : médecin traitant ; * : document qui ne compte pas pour J0 et 48 h\n";
        print_totals(to, listed ? report.totals : figures.totals);
        if (const std::string text = standing_text(standing, days, now, zone); !text.empty()) to.out << text << "\n";
        print_changes(to, standing, zone);
    }
    return 0;
}
}
