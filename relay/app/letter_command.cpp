// `liaison letter`: one letter, its versions, its checks and what became of each delivery.
#include <ostream>

#include <boost/json.hpp>

#include "mime/cda/checks.hpp"
#include "relay/app/command_tools.hpp"
#include "relay/app/table.hpp"
#include "relay/pipeline/completeness.hpp"
#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/stay_fold.hpp"
#include "relay/pipeline/version_chain.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;
namespace {
std::string_view operation_word(letter_operation operation, language in)
{
    switch (operation) {
        case letter_operation::initial: return in == language::french ? "envoi initial" : "initial";
        case letter_operation::replace: return in == language::french ? "remplacement" : "replacement";
        case letter_operation::remove: return in == language::french ? "suppression" : "deletion";
    }
    return {};
}

json::object json_of(const letter_row& letter, const mime::zone& zone)
{
    return {{"id", letter.id.text()},
            {"version", letter.version},
            {"operation", name(letter.operation)},
            {"received", iso_time(letter.received_at, zone)}};
}

// Why an event came: its cause, or what its flags say.
std::string reason_of(const event& e, language in)
{
    if (e.facts.why != cause::none) return word(e.facts.why, in);
    if (has_flag(e.facts.flags, flag_deleted)) return in == language::french ? "document supprimé" : "document deleted";
    if (has_flag(e.facts.flags, flag_nothing_to_delete))
        return in == language::french ? "rien à supprimer" : "nothing to delete";
    return {};
}

// What the hospital is warned of about one letter.
void print_warnings(const console& to, const letter_row& letter)
{
    if (has_flag(letter.flags, flag_target_unknown))
        to.out << "attention   le document remplacé ou supprimé n'est jamais passé par ce nœud\n";
    if (has_flag(letter.flags, flag_content_differs))
        to.out << "attention   le document à supprimer n'a pas les octets de celui qui est parti : c'est celui qui est "
                  "parti que le courriel de suppression porte\n";
    if (has_flag(letter.flags, flag_recipient_missing))
        to.out
            << "attention   un destinataire d'une version précédente n'est pas dans ce message : il garde l'ancienne\n";
}

// The checks of each document: how many points are there, and what is missing (domain.md §6).
void print_checks(const console& to, const std::vector<std::string>& documents)
{
    std::size_t number = 0;
    for (const std::string& text : documents) {
        ++number;
        const auto read = read_completeness(text);
        if (!read) continue;
        to.out << "complétude  " << read->score.satisfied << " sur " << read->score.applicable << " points comptés"
               << (documents.size() > 1 ? " (document " + std::to_string(number) + ")" : "") << "\n";
        table rows{{{"point"}, {"ce qui est vérifié"}, {"loi"}, {"champ"}}, {}};
        for (const auto& one : read->outcomes) {
            const auto* const row = mime::cda::find_check(one.id);
            if (row == nullptr || one.state != mime::cda::check_state::missing) continue;
            rows.rows.push_back({one.id, std::string(row->title), row->law.empty() ? "–" : std::string(row->law),
                                 one.gaps.empty() ? "" : one.gaps.front().field});
        }
        if (!rows.rows.empty()) print(to, rows);
    }
}

void print_chain(const console& to, const letter_row& letter, const std::vector<letter_row>& set,
                 const std::vector<std::string>& documents, const mime::zone& zone)
{
    to.out << "opération   " << operation_word(letter.operation, to.words) << "\n";
    if (documents.size() > 1) to.out << "documents   " << documents.size() << "\n";
    if (set.size() > 1)
        for (const letter_row& one : set)
            to.out << "chaîne      version " << one.version << ", " << operation_word(one.operation, to.words) << " le "
                   << local_time(one.received_at, zone) << "  " << one.id.text()
                   << (one.id == letter.id ? "  (celle-ci)" : "") << "\n";
    print_warnings(to, letter);
    print_checks(to, documents);
}
}

int run_letter(const console& to, const config::path& settings, const std::string& id)
{
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    std::optional<letter_row> letter;
    std::vector<std::pair<delivery_row, std::vector<event>>> deliveries;
    std::vector<event> own;
    std::vector<letter_row> set;
    std::vector<std::string> documents;  // checks of each
    const bool good = read_all(to, *from, [&](ports::reader& store) {
        if (!base::is_token(id)) return;
        letter = store.letter(letter_id(id));
        if (!letter)
            if (const auto row = store.delivery(delivery_id(id))) letter = store.letter(row->letter);
        if (!letter) return;
        own = store.events_of(letter->id);
        set = store.letters_of_set(letter->set_key);
        documents.push_back(letter->completeness);
        for (auto& further : store.further_documents(letter->id)) documents.push_back(std::move(further.completeness));
        for (auto& row : store.deliveries_of_letter(letter->id)) {
            auto history = store.events_of(row.id);
            deliveries.emplace_back(std::move(row), std::move(history));
        }
    });
    if (!good) return exit_failed;
    if (!letter) {
        to.err << "aucune lettre de cet identifiant : voir liaison queue\n";
        return exit_failed;
    }
    const mime::zone& zone = from->parts->zone;
    if (to.format == output_format::json) {
        json::array list;
        for (const auto& [row, history] : deliveries) {
            json::array steps;
            for (const event& e : history)
                steps.push_back(json::object{{"at", iso_time(e.at, zone)},
                                             {"kind", name(e.kind)},
                                             {"cause", e.facts.why == cause::none ? "" : name(e.facts.why)},
                                             {"smtp_code", e.facts.smtp_code},
                                             {"status", e.facts.enhanced_status},
                                             {"flags", e.facts.flags},
                                             {"tls", e.facts.tls}});
            list.push_back(json::object{{"id", row.id.text()},
                                        {"role", name(row.role)},
                                        {"state", name(row.state)},
                                        {"cause", row.why == cause::none ? "" : name(row.why)},
                                        {"first_actor", first_actor(row.why, to.words)},
                                        {"action", next_action(row.why, to.words)},
                                        {"message_id", row.message_id},
                                        {"envid", row.envid},
                                        {"sealed_sha256", row.sealed_sha256},
                                        {"events", steps}});
        }
        json::array chain;
        for (const letter_row& one : set) chain.push_back(json_of(one, zone));
        to.out << json::serialize(json::object{{"id", letter->id.text()},
                                               {"type", letter->type_code},
                                               {"form", name(letter->form)},
                                               {"version", letter->version},
                                               {"stay", letter->stay.text()},
                                               {"received", iso_time(letter->received_at, zone)},
                                               {"document_sha256", letter->content_sha256},
                                               {"documents", documents.size()},
                                               {"operation", name(letter->operation)},
                                               {"flags", letter->flags},
                                               {"completeness", json::array(documents.begin(), documents.end())},
                                               {"chain", chain},
                                               {"deliveries", list}})
               << "\n";
        return 0;
    }
    to.out << "lettre      " << letter->id.text() << "\ntype        " << type_name(letter->type_code) << ", version "
           << letter->version << "\nreçue le    " << local_time(letter->received_at, zone) << " (" << name(letter->form)
           << ")\nservice     " << (letter->service.empty() ? "–" : letter->service) << "\n";
    print_chain(to, *letter, set, documents, zone);
    for (const auto& [row, history] : deliveries) {
        to.out << "\nenvoi       " << row.id.text() << "  " << word(row.state, to.words)
               << (row.why == cause::none ? "" : " : " + word(row.why, to.words)) << "\n";
        table steps{{{"instant"}, {"événement"}, {"cause"}, {"code", align::right}, {"statut"}, {"TLS"}}, {}};
        for (const event& e : history)
            steps.rows.push_back({local_time(e.at, zone), std::string(name(e.kind)), reason_of(e, to.words),
                                  e.facts.smtp_code == 0 ? "" : std::to_string(e.facts.smtp_code),
                                  e.facts.enhanced_status, e.facts.tls});
        print(to, steps);
        if (const std::string next = next_action(row.why, to.words); !next.empty())
            to.out << "à faire : " << next << " (" << first_actor(row.why, to.words) << ")\n";
    }
    return 0;
}
}
