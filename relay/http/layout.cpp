#include "relay/http/layout.hpp"

#include "relay/http/assets.hpp"

namespace relay::http {
namespace {
void link_to(html& out, markup path, markup label, bool here)
{
    out << "<li><a href=\"" << path << "\"";
    if (here) out << " aria-current=\"page\"";
    out << ">" << label << "</a></li>";
}

void link_asset(html& out, markup before, std::string_view path, markup after)
{
    out << before;
    out.text(path);
    out << after;
}
}

std::string write_page(const page_frame& frame, const html& body)
{
    html out;
    out << "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n<title>";
    out.text(frame.title);
    out << " – Liaison</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta name=\"color-scheme\" content=\"light dark\">\n";
    link_asset(out, "<link rel=\"icon\" type=\"image/svg+xml\" href=\"", asset_path("icon.svg"), "\">\n");
    link_asset(out, "<link rel=\"stylesheet\" href=\"", asset_path("style.css"), "\">\n");
    if (frame.uses == scripts::charts) {
        link_asset(out, "<script defer src=\"", asset_path("chart.js"), "\"></script>\n");
        link_asset(out, "<script defer src=\"", asset_path("figures.js"), "\"></script>\n");
    }
    out << "</head>\n<body>\n<a class=\"skip\" href=\"#contenu\">Aller au contenu</a>\n"
           "<header class=\"top\"><p class=\"brand\">Liaison</p><nav aria-label=\"Pages\"><ul>";
    link_to(out, "/liste", "À traiter", frame.where == place::worklist);
    link_to(out, "/indicateurs", "Indicateurs", frame.where == place::indicators);
    out << "</ul></nav></header>\n<main id=\"contenu\">\n<h1>";
    out.text(frame.title);
    out << "</h1>\n" << body;
    out << "</main>\n<footer><p>Liaison " LIAISON_VERSION
           " · aucune identité de patient sur ces pages</p></footer>\n</body>\n</html>\n";
    return out.octets();
}

std::string write_error_page(const errc_facts& why)
{
    html body;
    body << "<p>";
    body.text(why.meaning);
    body << "</p>\n<p class=\"code\">Code : ";
    body.text(why.code);
    body << "</p>\n<p><a href=\"/liste\">Retour à la liste</a></p>\n";
    return write_page({why.status == 404 ? "Page introuvable" : "Demande refusée"}, body);
}
}
