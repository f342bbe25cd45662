// A synthetic structured letter (CDA N3) around any sections: the header our own writer makes for an N1, its body
// replaced.
#pragma once

#include <string>
#include <string_view>

#include "tests/unit/mime/cda/sample.hpp"

namespace sample {
inline std::string section(std::string_view title, std::string_view narrative)
{
    return "<component><section><title>" + std::string(title) + "</title><text>" + std::string(narrative) +
           "</text></section></component>";
}

inline std::string structured(std::string_view sections, const mime::cda::n1_input& head = letter())
{
    std::string bytes = mime::cda::write_n1(head, pdf);
    const std::size_t from = bytes.find("<nonXMLBody");
    const std::string_view end = "</nonXMLBody>";
    const std::size_t to = bytes.find(end) + end.size();
    return bytes.replace(from, to - from, "<structuredBody>" + std::string(sections) + "</structuredBody>");
}

// One of everything.
inline std::string rich_sections()
{
    std::string rows;
    for (int i = 1; i <= 60; ++i)
        rows +=
            "<tr><td>Médicament n° " + std::to_string(i) +
            "</td><td>1 comprimé matin, midi et soir pendant les repas, à adapter selon la tolérance digestive et la "
            "fonction rénale</td><td>" +
            std::to_string(i) + " jours</td></tr>";
    return section("Motif d'hospitalisation", "<paragraph>Douleur thoracique aiguë, œdème ≥ 2 cm.</paragraph>") +
           section(
               "Synthèse médicale",
               "Évolution <content styleCode=\"Bold\">favorable</content> sous traitement.<br/>Deuxième ligne."
               "<list><caption>Points d'attention</caption><item>surveillance de la kaliémie</item><item>poids "
               "quotidien<list listType=\"ordered\"><item>le matin</item><item>à jeun</item></list></item></list>") +
           section("Traitements à la sortie",
                   "<table><caption>Ordonnance</caption><thead><tr><th>Médicament</th><th>Posologie</th><th>Durée</th>"
                   "</tr></thead><tbody>" +
                       rows + "</tbody></table>") +
           section(
               "Biologie",
               "<table><tbody><tr><th rowspan=\"2\">Ionogramme</th><td>Na</td><td>140 mmol/L</td></tr><tr><td>K</td>"
               "<td>4,1 mmol/L</td></tr><tr><td colspan=\"3\">Prélèvement du 20/11/2026</td></tr></tbody></table>") +
           section("Image", "<renderMultiMedia referencedObject=\"x\"/>") +
           section("Grec et symboles",
                   "<paragraph>α-bloquant, 5 µg → ≤ 10 €, œuvre \xF0\x9F\x92\x8A signe \xE6\xBC\xA2</paragraph>");
}
}
