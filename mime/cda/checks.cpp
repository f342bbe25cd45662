#include "mime/cda/checks.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "mime/cda/check_rules.hpp"

namespace mime::cda {
namespace {
using enum level;
using enum check_weight;

// Of what the caller told; a store may know better later (tell_history).
void check_told_history(const detail::check_subject& what, detail::check_report& out)
{
    detail::check_history(what.context.history, out);
}

struct table_row {
    check_row told;
    detail::check_rule run;
};

// domain.md §6 and cda.md §11, in their order.
constexpr std::array table = {
    table_row{{"C01", "type reconnu, document lisible", "", 1, block, reported}, detail::check_content},
    table_row{{"C02", "datée du jour de la sortie", "R.1112-1-2", 2, warn, reported}, detail::check_discharge_day},
    table_row{{"C03", "signée, nom et téléphone du signataire", "R.1112-1-2 1°", 7, block, scored},
              detail::check_signature},
    table_row{
        {"C04", "nom de naissance, prénom, date de naissance et sexe du patient", "R.1112-1-2 1°", 5, block, scored},
        detail::check_traits},
    table_row{{"C05", "INS présente, complète et validée", "", std::nullopt, warn, reported}, detail::check_ins},
    table_row{{"C06", "médecin traitant nommé et joignable, ou dit absent", "R.1112-1-2 1°", 4, warn, scored},
              detail::check_treating_doctor},
    table_row{{"C07", "médecin adresseur, s'il y en a un", "R.1112-1-2 1°", std::nullopt, warn, reported},
              detail::check_referrer},
    table_row{{"C08", "dates d'entrée et de sortie", "R.1112-1-2 1°", 6, warn, scored}, detail::check_stay_dates},
    table_row{{"C09", "modes d'entrée et de sortie, destination", "R.1112-1-2 1°", 8, warn, scored},
              detail::check_modes},
    table_row{{"C10", "motif de l'hospitalisation", "R.1112-1-2 2°", 9, warn, scored}, detail::check_reason},
    table_row{{"C11", "synthèse médicale du séjour", "R.1112-1-2 3°", 10, warn, scored}, detail::check_synthesis},
    table_row{{"C12", "chaque risque dit présent ou absent", "R.1112-1-2 3°", 11, warn, scored}, detail::check_risks},
    table_row{{"C13", "actes et examens", "R.1112-1-2 3°", 12, warn, scored}, detail::check_acts},
    table_row{
        {"C14", "traitements de sortie avec dose et durée, traitements arrêtés", "R.1112-1-2 4°", 13, warn, scored},
        detail::check_treatments},
    table_row{{"C15", "résultats en attente annoncés, ou aucun", "R.1112-1-2 5°", std::nullopt, warn, reported},
              detail::check_pending},
    table_row{{"C16", "suites à donner", "R.1112-1-2 6°", 14, warn, scored}, detail::check_follow_up},
    table_row{{"C17", "statut définitif ou provisoire", "", std::nullopt, warn, reported}, detail::check_status},
    // Reading was checked before there was a document: check_unreadable says the other case.
    table_row{{"T01", "XML bien formé, sans DOCTYPE, un seul document", "", std::nullopt, block, reported}, nullptr},
    table_row{{"T02", "modèles déclarés cohérents avec le corps", "", std::nullopt, warn, reported},
              detail::check_templates},
    table_row{{"T03", "numéro de version et document remplacé cohérents", "", std::nullopt, warn, reported},
              detail::check_version},
    table_row{{"T04", "identifiant de document jamais réutilisé", "", std::nullopt, block, reported},
              check_told_history},
    table_row{{"T05", "longueur des identifiants nationaux", "", std::nullopt, warn, reported},
              detail::check_identifiers},
    table_row{{"T06", "destinataires du document et du message concordants", "", std::nullopt, warn, reported},
              detail::check_recipients},
    table_row{{"T07", "renvois vers le texte résolus", "", std::nullopt, warn, reported}, detail::check_references},
    table_row{{"T08", "pas d'INS de test en production", "", std::nullopt, block, reported},
              detail::check_test_identity},
    table_row{{"T09", "document non daté dans le futur", "", std::nullopt, warn, reported}, detail::check_future},
    table_row{{"T10", "un identifiant, un seul nom", "", std::nullopt, warn, reported}, detail::check_names_of_one_id},
};

constexpr auto catalogue = [] {
    std::array<check_row, table.size()> rows{};
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = table[i].told;
    return rows;
}();
}

namespace detail {
bool check_subject::is_discharge_letter() const noexcept
{
    const std::string& type = head().type.code;
    return type == "11490-0" || type == "34112-3";
}

void check_report::block(std::string field, std::string text)
{
    outcome_.state = check_state::missing;
    outcome_.gaps.push_back({level::block, std::move(field), std::move(text)});
}

void check_report::warn(std::string field, std::string text)
{
    outcome_.state = check_state::missing;
    outcome_.gaps.push_back({level::warn, std::move(field), std::move(text)});
}

void check_report::note(std::string field, std::string text)
{
    outcome_.notes.push_back({level::warn, std::move(field), std::move(text)});
}

check_outcome check_report::take()
{
    std::stable_partition(outcome_.gaps.begin(), outcome_.gaps.end(),
                          [](const gap& one) { return one.level == level::block; });
    return std::move(outcome_);
}
}

std::span<const check_row> check_catalogue() noexcept
{
    return catalogue;
}

const check_row* find_check(std::string_view id) noexcept
{
    const auto found =
        std::find_if(catalogue.begin(), catalogue.end(), [&](const check_row& row) { return row.id == id; });
    return found == catalogue.end() ? nullptr : &*found;
}

std::vector<check_outcome> check_document(const cda_document& document, const cda_result<std::string>& content,
                                          const check_context& context)
{
    const structured_body sections = read_structured_body(document);
    const detail::check_subject what{document, content, context, sections};
    std::vector<check_outcome> all;
    all.reserve(table.size());
    for (const table_row& row : table) {
        detail::check_report out(row.told.id);
        if (row.run != nullptr) row.run(what, out);
        all.push_back(out.take());
    }
    return all;
}

void tell_history(std::vector<check_outcome>& all, document_history history)
{
    for (check_outcome& one : all) {
        if (one.id != "T04") continue;
        detail::check_report out(one.id);
        detail::check_history(history, out);
        one = out.take();
    }
}

std::vector<check_outcome> check_unreadable(const cda_error& error)
{
    std::vector<check_outcome> all;
    all.reserve(table.size());
    for (const table_row& row : table) {
        detail::check_report out(row.told.id);
        if (row.told.id == "T01") {
            out.block(error.field, error.text);
        } else {
            out.not_assessable();
        }
        all.push_back(out.take());
    }
    return all;
}

const check_outcome* first_block(const std::vector<check_outcome>& all) noexcept
{
    const auto found = std::find_if(all.begin(), all.end(), [](const check_outcome& one) {
        return !one.gaps.empty() && one.gaps.front().level == level::block;
    });
    return found == all.end() ? nullptr : &*found;
}
}
