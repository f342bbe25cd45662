#include "relay/http/indicators_view.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "relay/http/figure_cells.hpp"
#include "relay/http/indicator_tables.hpp"
#include "relay/http/layout.hpp"

namespace relay::http {
using namespace pipeline;
namespace {
std::string iso(std::chrono::sys_days day)
{
    const std::chrono::year_month_day date(day);
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()));
}

class writer {
public:
    writer(const indicators_data& data, const organisation& sites, const mime::zone& zone)
        : data_(data), sites_(sites), zone_(zone)
    {
    }

    std::string page()
    {
        trail();
        form();
        currency_note();
        revisions();
        tiles();
        if (data_.figures.totals.discharges == 0) {
            out_ << "<p class=\"empty\">Aucune sortie sur cette période.</p>\n";
        } else {
            write_over_time(out_, data_.figures);
            write_segments(out_, data_.figures);
            if (data_.figures.by != breakdown::none) parts();
        }
        write_all_rates(out_, data_.figures.totals);
        write_causes(out_, data_.figures.totals);
        return write_page({"Indicateurs", place::indicators, scripts::charts}, out_);
    }

private:
    // A link to this page with another scope or period.
    void link(std::chrono::sys_days first, const scope& where)
    {
        std::string query = "/indicateurs?from=" + iso(first) + "&to=" + iso(data_.last);
        const auto add = [&](std::string_view name, const std::string& value) {
            if (!value.empty()) query.append("&").append(name).append("=").append(url_value(value));
        };
        add("group", where.group);
        add("site", where.site);
        add("service", where.service);
        out_ << "<a";
        out_.attribute("href", query) << ">";
    }

    std::string site_name(const std::string& code) const
    {
        const auto& all = sites_.sites();
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const site_entry& one) { return one.code == code; });
        return found == all.end() || found->name.empty() ? code : found->name;
    }

    std::string label_of(breakdown by, const std::string& code) const
    {
        if (code.empty() || code == unassigned) return by == breakdown::service ? "sans service" : "sans rattachement";
        if (by == breakdown::site) return site_name(code);
        const auto name = by == breakdown::service ? sites_.service_name(code) : std::string_view();
        return name.empty() ? code : code + " " + std::string(name);
    }

    void trail_step(breakdown by, const std::string& code, const scope& up_to, bool here)
    {
        out_ << "<li>";
        if (!here) link(data_.first, up_to);
        out_.text(by == breakdown::none ? std::string("Tout l'établissement") : label_of(by, code));
        if (!here) out_ << "</a>";
        out_ << "</li>";
    }

    void trail()
    {
        const scope& at = data_.where;
        out_ << "<nav class=\"trail\" aria-label=\"Périmètre\"><ol>";
        trail_step(breakdown::none, {}, {}, at == scope());
        if (!at.group.empty())
            trail_step(breakdown::group, at.group, {at.group, {}, {}}, at.site.empty() && at.service.empty());
        if (!at.site.empty()) trail_step(breakdown::site, at.site, {at.group, at.site, {}}, at.service.empty());
        if (!at.service.empty()) trail_step(breakdown::service, at.service, at, true);
        out_ << "</ol></nav>\n";
    }

    void hidden(markup name, const std::string& value)
    {
        if (value.empty()) return;
        out_ << "<input type=\"hidden\"";
        out_.attribute("name", name.text()).attribute("value", value) << ">";
    }

    void form()
    {
        out_ << "<form class=\"filter\" method=\"get\" action=\"/indicateurs\"><div class=\"field\">"
                "<label for=\"from\">Sorties du</label><input type=\"date\" id=\"from\" name=\"from\" required";
        out_.attribute("value", iso(data_.first));
        out_ << "></div><div class=\"field\"><label for=\"to\">au (inclus)</label>"
                "<input type=\"date\" id=\"to\" name=\"to\" required";
        out_.attribute("value", iso(data_.last)) << "></div>";
        hidden("group", data_.where.group);
        hidden("site", data_.where.site);
        hidden("service", data_.where.service);
        out_ << "<button type=\"submit\">Afficher</button><ul class=\"quick\">";
        const auto shortcut = [&](int days, markup label) {
            out_ << "<li>";
            link(data_.last - std::chrono::days(days - 1), data_.where);
            out_ << label << "</a></li>";
        };
        shortcut(7, "7 jours");
        shortcut(30, "30 jours");
        shortcut(90, "90 jours");
        out_ << "</ul></form>\n";
    }

    void currency_note()
    {
        if (data_.facts == currency::being_recomputed)
            out_ << "<p class=\"note\" role=\"status\">Chiffres en cours de recalcul : les sites ou les règles ont "
                    "changé.</p>\n";
        const bool provisional = data_.now < data_.closing;
        out_ << (provisional ? markup("<p class=\"note\" id=\"cloture\">Chiffres provisoires jusqu'au ")
                             : markup("<p class=\"note closed\" id=\"cloture\">Période close le "));
        out_.text(mime::format_local(data_.closing, zone_, mime::local_format::date_time_text));
        out_ << (provisional ? markup(" : 48 h après la dernière sortie. ") : markup(". "));
        out_.text(counted(data_.figures.totals.discharges, "sortie, ", "sorties, ") +
                  counted(data_.figures.totals.excluded, "exclue", "exclues") + exclusions() + ".");
        out_ << "</p>\n";
    }

    // Late evidence changes closed figures, visibly (domain.md §5).
    void revisions()
    {
        constexpr std::size_t shown = 10;
        const auto& all = data_.figures.revisions;
        if (all.empty()) return;
        out_ << "<p class=\"hint\" id=\"revisions\">Jours clos révisés par une preuve tardive : ";
        std::string text;
        auto at = all.rbegin();
        for (std::size_t n = 0; n < shown && at != all.rend(); ++n, ++at)
            text += (n == 0 ? "" : " ; ") + shown_day(iso(std::chrono::sys_days(std::chrono::days(at->first)))) +
                    ", révision " + std::to_string(at->second.revision) + " du " +
                    mime::format_local(at->second.at, zone_, mime::local_format::date_time_text);
        out_.text(at == all.rend()
                      ? text
                      : text + " ; et " + number_text(static_cast<std::int64_t>(all.size() - shown)) + " de plus");
        out_ << ".</p>\n";
    }

    std::string exclusions() const
    {
        std::string text;
        for (const auto& [code, n] : data_.figures.totals.exclusions)
            text += (text.empty() ? " (" : ", ") + code + " " + number_text(n);
        return text.empty() ? text : text + ")";
    }

    void tiles()
    {
        const period_figures& t = data_.figures.totals;
        out_ << "<ul class=\"tiles\" id=\"essentiel\">";
        rate_tile(out_, "J0 tenu", "j0", t.j0, t);
        rate_tile(out_, "48 h tenu", "h48", t.h48, t);
        rate_tile(out_, "Sans lettre", "no_letter", t.no_letter, t);
        lag_tile(out_, "Délai médian, de la sortie à l'acceptation", "lag", t.lag);
        out_ << "</ul>\n";
    }

    scope below(const std::string& code) const
    {
        scope found = data_.where;
        const std::string given = code.empty() ? std::string(unassigned) : code;
        (data_.figures.by == breakdown::group  ? found.group
         : data_.figures.by == breakdown::site ? found.site
                                               : found.service) = given;
        return found;
    }

    void part_row(const std::string& code, const period_figures& t)
    {
        out_ << "<tr";
        out_.attribute("data-key", code) << "><th scope=\"row\">";
        link(data_.first, below(code));
        out_.text(label_of(data_.figures.by, code));
        out_ << "</a></th>";
        part_cells(t);
        out_ << "</tr>\n";
    }

    void part_cells(const period_figures& t)
    {
        number_cell(out_, t.discharges);
        number_cell(out_, t.excluded);
        rate_cell(out_, "j0", t.j0, t);
        rate_cell(out_, "h48", t.h48, t);
        rate_cell(out_, "no_letter", t.no_letter, t);
        rate_cell(out_, "no_address", t.no_address, t);
        rate_cell(out_, "rejected", t.rejected, t);
        lag_cell(out_, "lag", t.lag);
    }

    void parts()
    {
        const breakdown by = data_.figures.by;
        out_ << "<section aria-labelledby=\"h-detail\"><h2 id=\"h-detail\">"
             << (by == breakdown::group  ? markup("Par groupe hospitalier")
                 : by == breakdown::site ? markup("Par site")
                                         : markup("Par service"))
             << "</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"h-detail\">"
                "<table id=\"t-detail\"><caption>Chaque nom mène à son détail. Le total est la somme des comptes, non "
                "la moyenne des taux.</caption><thead><tr><th scope=\"col\">"
             << (by == breakdown::group  ? markup("Groupe")
                 : by == breakdown::site ? markup("Site")
                                         : markup("Service"))
             << "</th><th scope=\"col\" class=\"n\">Sorties</th><th scope=\"col\" class=\"n\">Exclues</th>"
                "<th scope=\"col\" class=\"n\">J0 tenu</th><th scope=\"col\" class=\"n\">48 h tenu</th>"
                "<th scope=\"col\" class=\"n\">Sans lettre</th><th scope=\"col\" class=\"n\">Sans adresse</th>"
                "<th scope=\"col\" class=\"n\">Envois refusés</th><th scope=\"col\" class=\"n\">Délai médian</th>"
                "</tr></thead>\n<tbody>\n";
        for (const auto& [code, t] : data_.figures.parts) part_row(code, t);
        out_ << "</tbody><tfoot><tr><th scope=\"row\">Total</th>";
        part_cells(data_.figures.totals);
        out_ << "</tr></tfoot></table></div></section>\n";
    }

    const indicators_data& data_;
    const organisation& sites_;
    const mime::zone& zone_;
    html out_;
};
}

std::string write_indicators(const indicators_data& data, const organisation& sites, const mime::zone& zone)
{
    return writer(data, sites, zone).page();
}
}
