// The two printed forms of file_check.hpp: text for a person at a terminal, JSON for programs.
#include <algorithm>

#include "relay/app/file_check.hpp"
#include "relay/app/table.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;
namespace {
std::string_view word(file_verdict value)
{
    switch (value) {
        case file_verdict::accepted: return "accepté";
        case file_verdict::held: return "accepté, avec un envoi retenu";
        case file_verdict::refused: return "refusé";
    }
    return "";
}

std::string_view word(point_state value)
{
    switch (value) {
        case point_state::good: return "conforme";
        case point_state::to_mend: return "à corriger";
        case point_state::blocking: return "bloquant";
        case point_state::not_assessable: return "non évaluable";
        case point_state::not_applicable: return "sans objet";
    }
    return "";
}

std::string_view word(recipient_role value)
{
    switch (value) {
        case recipient_role::treating_doctor: return "médecin traitant";
        case recipient_role::professional: return "professionnel";
        case recipient_role::organisation: return "structure";
        case recipient_role::patient: return "patient";
    }
    return "";
}

std::string_view word(seal_profile value)
{
    switch (value) {
        case seal_profile::smime: return "S/MIME";
        case seal_profile::mssante: return "MSSanté en clair";
        case seal_profile::hold: return "retenue";
    }
    return "";
}

std::string joined(std::string_view head, std::string_view tail)
{
    return std::string(head) + (head.empty() || tail.empty() ? "" : " : ") + std::string(tail);
}

// "  opération    remplacement", the name in 12 columns.
void line(std::string& out, std::string_view name, std::string_view text)
{
    if (text.empty()) return;
    const auto width = static_cast<std::size_t>(std::count_if(
        name.begin(), name.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    out += "  " + std::string(name) + std::string(width < 13 ? 13 - width : 1, ' ') + std::string(text) + "\n";
}

std::string indented(const std::string& block)
{
    std::string out = "\n";
    for (std::size_t from = 0; from < block.size();) {
        const auto end = std::min(block.find('\n', from), block.size());
        out += (end == from ? "" : "  ") + block.substr(from, end - from) + "\n";
        from = end + 1;
    }
    return out;
}

std::string flags_text(const std::vector<std::pair<std::string, bool>>& flags)
{
    std::string set;
    for (const auto& [name, value] : flags)
        if (value) set += (set.empty() ? "" : ", ") + name;
    return flags.empty() ? "" : (set.empty() ? "tous à N" : set + " à Y, les autres à N");
}

std::string known_text(const stay_report& stay)
{
    if (!stay.known) return {};
    if (!*stay.known) return " (encore inconnu de ce nœud)";
    return stay.matched == match_state::identity ? " (connu de ce nœud : même patient, mêmes dates)"
                                                 : " (connu de ce nœud)";
}

std::string stay_text(const stay_report& stay)
{
    std::string text;
    if (!stay.visit_key.empty()) text = "venue " + stay.visit_key;
    if (!stay.file_key.empty()) text += (text.empty() ? "dossier " : ", dossier ") + stay.file_key;
    if (text.empty()) text = "sans numéro de venue ni de dossier";
    return text + known_text(stay);
}

std::string recipients_text(const file_report& from, language words)
{
    table rows{{{"n°", align::right}, {"destinataire"}, {"domaine"}, {"décision"}, {"détail"}}, {}};
    std::size_t number = 0;
    for (const recipient_report& one : from.recipients) {
        const bool leaves = one.why == cause::none;
        std::string detail = leaves ? std::string(word(one.profile)) : next_action(one.why, words);
        if (!one.certificate_until.empty()) detail += ", certificat jusqu'au " + one.certificate_until;
        rows.rows.push_back({std::to_string(++number), std::string(word(one.role)), one.domain,
                             leaves ? "partirait" : "retenu : " + relay::app::word(one.why, words), detail});
    }
    return as_text(rows);
}

std::string faults_text(const file_report& from)
{
    table rows{{{"code"}, {"champ"}, {"motif"}}, {}};
    for (const fault_report& one : from.faults) rows.rows.push_back({one.code, one.field, one.text});
    return as_text(rows);
}

std::string points_text(const document_report& document)
{
    table rows{{{"point"}, {"ce qui est vérifié"}, {"loi"}, {"résultat"}, {"champ"}}, {}};
    std::string remarks;
    for (const point_report& point : document.points) {
        const bool wrong = point.state == point_state::to_mend || point.state == point_state::blocking;
        rows.rows.push_back({point.id, point.title, point.law.empty() ? "–" : point.law, std::string(word(point.state)),
                             wrong && !point.remarks.empty() ? point.remarks.front().first : ""});
        for (const auto& [field, text] : point.remarks) remarks += point.id + "  " + joined(field, text) + "\n";
    }
    return as_text(rows) + (remarks.empty() ? "" : "\n" + remarks);
}

json::array json_of(const std::vector<std::pair<std::string, std::string>>& remarks)
{
    json::array all;
    for (const auto& [field, text] : remarks) all.push_back(json::object{{"field", field}, {"text", text}});
    return all;
}

std::string_view stored_word(point_state value)
{
    switch (value) {
        case point_state::good: return "satisfied";
        case point_state::to_mend: return "warn";
        case point_state::blocking: return "block";
        case point_state::not_assessable: return "not_assessable";
        case point_state::not_applicable: return "not_applicable";
    }
    return "";
}

json::object json_of(const document_report& from)
{
    json::array points;
    for (const point_report& point : from.points)
        points.push_back(json::object{{"id", point.id},
                                      {"title", point.title},
                                      {"law", point.law},
                                      {"result", stored_word(point.state)},
                                      {"remarks", json_of(point.remarks)}});
    return {{"type", from.type_code},      {"version", from.version},       {"replaces", from.replaces},
            {"satisfied", from.satisfied}, {"applicable", from.applicable}, {"checks", points}};
}

json::object json_of(const recipient_report& from)
{
    const bool leaves = from.why == cause::none;
    return {{"role", name(from.role)},
            {"domain", from.domain},
            {"decision", leaves ? "leave" : "hold"},
            {"cause", leaves ? "" : name(from.why)},
            {"profile", !leaves                               ? ""
                        : from.profile == seal_profile::smime ? "smime"
                                                              : "mssante"},
            {"certificate_until", from.certificate_until}};
}

std::string_view stored_word(file_verdict value)
{
    switch (value) {
        case file_verdict::accepted: return "accepted";
        case file_verdict::held: return "held";
        case file_verdict::refused: return "refused";
    }
    return "";
}
}

std::string report_text(const file_report& from, language words)
{
    std::string out = from.file + " : " + std::string(word(from.verdict)) + " (" + from.answer + ")\n";
    line(out, "forme", from.form);
    line(out, "opération", from.operation);
    for (const document_report& document : from.documents)
        if (!document.type_code.empty())
            line(out, "document",
                 "type " + document.type_code + ", version " + std::to_string(document.version) +
                     (document.replaces ? ", nomme celui qu'il remplace" : ""));
    line(out, "drapeaux", flags_text(from.flags));
    line(out, "matrice", from.matrix);
    if (from.stay) {
        line(out, "séjour", stay_text(*from.stay));
        line(out, "sortie",
             from.stay->discharge.empty() ? "" : from.stay->discharge + " (source : " + from.stay->quality + ")");
    }
    for (const auto& [field, text] : from.remarks) line(out, "remarque", joined(field, text));
    if (!from.faults.empty()) out += indented(faults_text(from));
    if (!from.recipients.empty()) out += indented(recipients_text(from, words));
    for (const document_report& document : from.documents) {
        if (document.points.empty()) continue;
        if (from.documents.size() > 1)
            out += "\n  document " + std::to_string(&document - from.documents.data() + 1) + "\n";
        out += indented(points_text(document));
        if (document.applicable > 0)
            line(out, "présence",
                 std::to_string(document.satisfied) + " sur " + std::to_string(document.applicable) +
                     " points comptés (ce n'est pas l'indicateur QLS)");
    }
    return out;
}

json::object report_json(const file_report& from)
{
    json::array documents, recipients, faults;
    json::object flags;
    for (const auto& one : from.documents) documents.push_back(json_of(one));
    for (const auto& one : from.recipients) recipients.push_back(json_of(one));
    for (const auto& one : from.faults)
        faults.push_back(json::object{{"code", one.code}, {"field", one.field}, {"text", one.text}});
    for (const auto& [name, value] : from.flags) flags[name] = value;
    json::value stay = nullptr;
    if (from.stay)
        stay = json::object{{"visit_key", from.stay->visit_key},
                            {"file_key", from.stay->file_key},
                            {"discharge", from.stay->discharge},
                            {"discharge_source", from.stay->quality},
                            {"known", from.stay->known ? json::value(*from.stay->known) : json::value(nullptr)},
                            {"matched_by", from.stay->matched == match_state::open ? "" : name(from.stay->matched)}};
    return {{"file", from.file},
            {"verdict", stored_word(from.verdict)},
            {"answer", from.answer},
            {"form", from.form},
            {"operation", from.operation},
            {"matrix", from.matrix},
            {"flags", flags},
            {"documents", documents},
            {"stay", stay},
            {"recipients", recipients},
            {"faults", faults},
            {"remarks", json_of(from.remarks)}};
}
}
