#include "relay/http/worklist_view.hpp"

#include <algorithm>

#include "relay/http/layout.hpp"
#include "relay/pipeline/words.hpp"

namespace relay::http {
namespace {
std::string when(base::instant at, const mime::zone& zone)
{
    return mime::format_local(at, zone, mime::local_format::date_time_text);
}

void time_cell(html& out, base::instant at, const mime::zone& zone)
{
    out << "<time";
    out.attribute("datetime", mime::format_utc_text(at));
    out << ">";
    out.text(when(at, zone));
    out << "</time>";
}

void deadline_cell(html& out, const worklist_line& line, base::instant now, const mime::zone& zone)
{
    out << "<td data-head=\"Échéance\">";
    if (!line.deadline) {
        out << "–</td>";
        return;
    }
    time_cell(out, *line.deadline, zone);
    const bool late = *line.deadline < now;
    out << (late ? markup("<small class=\"late\">dépassée de ") : markup("<small>dans "));
    out.text(pipeline::duration(late ? now - *line.deadline : *line.deadline - now));
    out << "</small></td>";
}

void line_row(html& out, const worklist_line& line, base::instant now, const mime::zone& zone)
{
    out << (line.weight == gravity::grave     ? markup("<tr class=\"grave\">")
            : line.weight == gravity::warning ? markup("<tr class=\"warn\">")
                                              : markup("<tr>"));
    deadline_cell(out, line, now, zone);
    out << "<td data-head=\"Service\">";
    out.text(line.service.empty() ? std::string("–") : line.service);
    out << "</td><td data-head=\"Motif\"><span class=\"badge\">";
    out.text(line.what);
    out << "</span>";
    if (!line.state.empty()) {
        out << "<small>";
        out.text(line.state);
        out << "</small>";
    }
    out << "</td><td class=\"todo\" data-head=\"À faire\">";
    out.text(line.action);
    out << "<small>";
    out.text(line.assigned_to.empty() ? line.actor : "confié à " + line.assigned_to);
    out << "</small></td><td class=\"n\" data-head=\"Âge\">";
    out.text(pipeline::duration(std::max(now - line.since, std::chrono::milliseconds(0))));
    out << "</td><td class=\"code\" data-head=\"Réf.\">";
    out.text(line.reference);
    out << "</td></tr>\n";
}

void filter(html& out, const worklist_data& data)
{
    out << "<form class=\"filter\" method=\"get\" action=\"/liste\"><div class=\"field\">"
           "<label for=\"service\">Service</label><select id=\"service\" name=\"service\"><option value=\"\">Tous les "
           "services</option>";
    for (const service_choice& one : data.services) {
        out << "<option";
        out.attribute("value", one.code);
        if (one.code == data.service) out << " selected";
        out << ">";
        out.text(one.label);
        out << "</option>";
    }
    out << "</select></div><button type=\"submit\">Afficher</button></form>\n";
}

std::string address(const worklist_data& data, const std::string& after)
{
    std::string to = "/liste";
    if (!data.service.empty()) to += "?service=" + url_value(data.service);
    if (!after.empty()) to += (data.service.empty() ? "?after=" : "&after=") + url_value(after);
    return to;
}

void pages(html& out, const worklist_data& data)
{
    if (data.page == worklist_data::position::first && data.next.empty()) return;
    out << "<nav class=\"pages\" aria-label=\"Suite de la liste\">";
    if (data.page == worklist_data::position::later) {
        out << "<a";
        out.attribute("href", address(data, {})) << ">Début de la liste</a>";
    }
    if (!data.next.empty()) {
        out << "<a rel=\"next\"";
        out.attribute("href", address(data, data.next)) << ">Suite</a>";
    }
    out << "</nav>\n";
}
}

std::string write_worklist(const worklist_data& data, const mime::zone& zone)
{
    html out;
    out << "<p class=\"lead\">Ce qui attend quelqu'un, l'échéance la plus proche d'abord. État au ";
    out.text(when(data.now, zone));
    out << ".</p>\n";
    filter(out, data);
    if (data.lines.empty()) {
        out << "<p class=\"empty\">Rien à traiter : aucune sortie ne demande d'attention.</p>\n";
    } else {
        out << "<div class=\"scroll cards\" tabindex=\"0\" role=\"region\" aria-label=\"Liste à traiter\">"
               "<table class=\"work\" id=\"t-liste\"><caption>Échéance : le prochain délai que l'on peut encore tenir "
               "(J0, puis 48 h), sinon le dernier manqué.</caption><thead><tr><th scope=\"col\">Échéance</th>"
               "<th scope=\"col\">Service</th><th scope=\"col\">Motif</th><th scope=\"col\">À faire</th>"
               "<th scope=\"col\" class=\"n\">Âge</th><th scope=\"col\">Réf.</th></tr></thead>\n<tbody>\n";
        for (const worklist_line& line : data.lines) line_row(out, line, data.now, zone);
        out << "</tbody></table></div>\n";
    }
    pages(out, data);
    return write_page({"À traiter", place::worklist}, out);
}
}
