#include <algorithm>
#include <array>
#include <string>

#include "mime/cda/check_rules.hpp"
#include "mime/cda/folded.hpp"

// The law's content of the letter in the sections of the model LDL-SES (cda.md §5, §6). Free text is only searched for
// the statements the rules allow there, by the words of the lists below.
namespace mime::cda::detail {
namespace {
constexpr std::string_view section_reason = "42349-1";
constexpr std::string_view section_synthesis = "42545-4";
constexpr std::string_view section_stopped = "18610-6";
constexpr std::string_view section_treatments = "10183-2";
constexpr std::string_view section_results = "30954-2";
constexpr std::string_view section_plan = "18776-5";
constexpr std::string_view section_devices = "46264-8";
constexpr std::string_view section_status = "33557-0";

constexpr std::string_view snomed = "2.16.840.1.113883.6.96";
constexpr std::string_view ta_asip = "1.2.250.1.213.1.1.4.322";
constexpr std::string_view discharge_destinations = "1.2.250.1.213.1.6.1.8";
constexpr std::string_view disposition_system = "1.2.250.1.213.2.14";  // PV1-36 of IHE PAM France

struct listed {
    std::string_view code;
    std::string_view system;
};

constexpr std::array admission_modes = {listed{"183452005", snomed}, listed{"8715000", snomed},
                                        listed{"107724000", snomed}, listed{"GEN-092.06.07", ta_asip}};
constexpr std::array discharge_modes = {listed{"160849004", snomed},           listed{"109", discharge_destinations},
                                        listed{"127", discharge_destinations}, listed{"500", discharge_destinations},
                                        listed{"GEN-092.06.01", ta_asip},      listed{"GEN-092.06.03", ta_asip}};
constexpr std::array statuses = {listed{"385651009", snomed}, listed{"398166005", snomed}, listed{"9571008", snomed},
                                 listed{"29179001", snomed}};

struct risk {
    std::string_view code;
    std::string_view detail;  // what must be told when the answer is yes
    const char* absent;
    const char* untold;
};
constexpr std::array risks = {
    risk{"MED-143", "", "événements indésirables : ni présents ni absents", ""},
    risk{"MED-309", "MED-144", "recherche de micro-organismes résistants : ni oui ni non",
         "micro-organismes recherchés, résultat non dit"},
    risk{"MED-145", "MED-146", "transfusion : ni oui ni non", "transfusion, accident ni présent ni absent"},
    risk{"MED-147", "MED-148", "dérivés du sang : ni oui ni non", "dérivés du sang, effet ni présent ni absent"},
};

// Beginnings of words, folded: "aucun", "aucune", "aucuns".
constexpr std::array<std::string_view, 5> none_words = {"aucun", "neant", "pas d", "sans ", "non "};
constexpr std::array<std::string_view, 4> pending_words = {"attente", "attendu", "en cours", "ulterieur"};
constexpr std::array<std::string_view, 5> stop_words = {"arret", "interrompu", "suspendu", "remplac", "modifi"};
constexpr std::array<std::string_view, 3> drug_words = {"traitement", "medicament", "prescription"};
constexpr std::array<std::string_view, 14> act_words = {"acte ",     "actes ",  "intervention", "operat", "chirurg",
                                                        "examen",    "scanner", "scanograph",   "irm ",   "radiograph",
                                                        "echograph", "biolog",  "endoscop",     "biopsie"};

std::string_view narrative_of(const check_subject& what, std::string_view section)
{
    const section_facts* found = what.sections.section(section);
    return found == nullptr ? std::string_view() : std::string_view(found->narrative);
}

std::string place(std::string_view section)
{
    return "section " + std::string(section);
}

// Nothing to look for: a PDF does not show it, and no other document than the letter must hold it.
bool is_out_of_reach(const check_subject& what, check_report& out)
{
    if (what.is_n1()) {
        out.not_assessable();
    } else if (!what.is_discharge_letter()) {
        out.not_applicable();
    } else {
        return false;
    }
    return true;
}

template <std::size_t N>
void check_listed(const coded_fact* fact, const std::array<listed, N>& codes, const std::string& field,
                  const std::string& name, check_report& out)
{
    if (fact == nullptr || fact->value_code.empty()) return out.warn(field, name + " : code absent");
    const bool known = std::any_of(codes.begin(), codes.end(), [&](const listed& one) {
        return one.code == fact->value_code.code && one.system == fact->value_code.system;
    });
    if (!known) out.warn(field + "/value", name + " : code hors de la liste");
}

void check_risk(const check_subject& what, const risk& one, check_report& out)
{
    const std::string field = place(section_synthesis) + "/" + std::string(one.code);
    const coded_fact* fact = what.sections.fact(one.code);
    if (fact == nullptr || !fact->stated()) return out.warn(field, one.absent);
    if (one.detail.empty() || !fact->value_bool.value_or(false)) return;
    const coded_fact* detail = what.sections.fact(one.detail);
    const bool told = (detail != nullptr && detail->stated()) || !narrative_of(what, section_synthesis).empty();
    if (!told) out.warn(place(section_synthesis) + "/" + std::string(one.detail), one.untold);
}

void check_one_treatment(const treatment& one, const std::string& field, check_report& out)
{
    if (!one.has_product) out.warn(field + "/consumable", "traitement sans produit");
    if (!one.has_dose) out.warn(field + "/doseQuantity", "traitement sans dose");
    if (!one.has_end) out.warn(field + "/effectiveTime", "traitement sans fin ni durée");
}

void check_drugs_at_discharge(const check_subject& what, check_report& out)
{
    const section_facts* section = what.sections.section(section_treatments);
    const std::string_view text = narrative_of(what, section_treatments);
    if (section == nullptr || section->treatments.empty()) {
        if (has_sentence_with(text, none_words, drug_words, stop_words)) return;
        return out.warn(place(section_treatments), "ni traitement de sortie, ni absence de traitement dite");
    }
    for (std::size_t i = 0; i < section->treatments.size(); ++i) {
        const treatment& one = section->treatments[i];
        if (one.says_none) continue;
        check_one_treatment(one, place(section_treatments) + "/treatment[" + std::to_string(i + 1) + "]", out);
    }
}

bool says_nothing_stopped(const check_subject& what)
{
    const auto says = [&](std::string_view section) {
        return has_sentence_with(narrative_of(what, section), stop_words, none_words);
    };
    return says(section_treatments) || says(section_synthesis) || says(section_plan);
}

bool says_nothing_pending(const check_subject& what, std::string_view section)
{
    return has_sentence_with(narrative_of(what, section), pending_words, none_words);
}

bool tells_acts(const check_subject& what)
{
    const auto& all = what.sections.sections;
    if (std::any_of(all.begin(), all.end(), [](const section_facts& one) { return one.acts > 0; })) return true;
    if (!narrative_of(what, section_results).empty() && !says_nothing_pending(what, section_results)) return true;
    return has_sentence_with(narrative_of(what, section_synthesis), act_words) ||
           has_sentence_with(narrative_of(what, section_plan), act_words);
}
}

void check_modes(const check_subject& what, check_report& out)
{
    if (is_out_of_reach(what, out)) return;
    const std::string field = place(section_synthesis) + "/";
    check_listed(what.sections.fact("ORG-070"), admission_modes, field + "ORG-070", "mode d'entrée", out);
    check_listed(what.sections.fact("ORG-074"), discharge_modes, field + "ORG-074", "mode de sortie", out);
    const auto& stay = what.head().encounter;
    if (stay && !stay->discharge_disposition.empty() && stay->discharge_disposition.system != disposition_system) {
        out.warn("componentOf/encompassingEncounter/dischargeDispositionCode", "autre nomenclature que celle attendue");
    }
}

void check_reason(const check_subject& what, check_report& out)
{
    if (is_out_of_reach(what, out)) return;
    if (narrative_of(what, section_reason).empty()) {
        out.warn(place(section_reason), "motif de l'hospitalisation absent");
    }
}

void check_synthesis(const check_subject& what, check_report& out)
{
    if (is_out_of_reach(what, out)) return;
    const section_facts* section = what.sections.section(section_synthesis);
    if (section == nullptr) return out.warn(place(section_synthesis), "synthèse médicale absente");
    const coded_fact* entry = section->fact("MED-142");
    if (!section->has_text() && (entry == nullptr || !entry->stated())) {
        out.warn(place(section_synthesis), "synthèse médicale vide");
    }
}

void check_risks(const check_subject& what, check_report& out)
{
    if (is_out_of_reach(what, out)) return;
    for (const risk& one : risks) check_risk(what, one, out);
    // A device no section speaks of cannot be seen; an empty section says neither yes nor no.
    const section_facts* devices = what.sections.section(section_devices);
    if (devices != nullptr && !devices->has_text() && devices->entries == 0) {
        out.warn(place(section_devices), "dispositif implanté : ni décrit ni dit absent");
    }
}

void check_acts(const check_subject& what, check_report& out)
{
    if (is_out_of_reach(what, out)) return;
    if (!tells_acts(what)) out.warn(place(section_results), "ni acte ni résultat d'examen");
}

void check_treatments(const check_subject& what, check_report& out)
{
    if (is_out_of_reach(what, out)) return;
    check_drugs_at_discharge(what, out);
    if (what.sections.section(section_stopped) == nullptr && !says_nothing_stopped(what)) {
        out.warn(place(section_stopped), "traitements arrêtés : ni donnés ni dits absents");
    }
}

void check_pending(const check_subject& what, check_report& out)
{
    if (is_out_of_reach(what, out)) return;
    const section_facts* section = what.sections.section(section_results);
    if (section != nullptr && (section->has_text() || section->entries > 0)) return;
    if (says_nothing_pending(what, section_synthesis) || says_nothing_pending(what, section_plan)) return;
    out.warn(place(section_results), "résultats en attente : ni annoncés ni dits absents");
}

void check_follow_up(const check_subject& what, check_report& out)
{
    if (is_out_of_reach(what, out)) return;
    const section_facts* section = what.sections.section(section_plan);
    if (section == nullptr || (!section->has_text() && section->entries == 0)) {
        out.warn(place(section_plan), "suites à donner absentes");
    }
}

void check_status(const check_subject& what, check_report& out)
{
    if (is_out_of_reach(what, out)) return;
    check_listed(what.sections.fact("GEN-065"), statuses, place(section_status) + "/GEN-065", "statut du document",
                 out);
}
}
