// Commands that read: status, queue, letter. They open the store beside a running node and change nothing.
#include <algorithm>
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/app/table.hpp"
#include "relay/pipeline/completeness.hpp"
#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/stay_fold.hpp"
#include "relay/pipeline/version_chain.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;
namespace {
json::array json_of(const std::vector<domain_hold>& holds, const mime::zone& zone)
{
    json::array all;
    for (const domain_hold& one : holds)
        all.push_back(json::object{{"domain", one.domain}, {"since", iso_time(one.since, zone)}, {"actor", one.actor}});
    return all;
}

void print_holds(const console& to, const std::vector<domain_hold>& holds, const mime::zone& zone)
{
    for (const domain_hold& one : holds)
        to.out << "en pause    " << one.domain << " depuis le " << local_time(one.since, zone) << " par " << one.actor
               << " (liaison resume " << one.domain << ")\n";
}

bool is_among(const std::vector<domain_hold>& holds, const std::string& domain)
{
    return std::any_of(holds.begin(), holds.end(), [&](const domain_hold& one) { return one.domain == domain; });
}

// Waiting for longer than it should: people may still choose another channel inside 48 h.
std::string late_action(cause why, language in)
{
    const std::string known = next_action(why, in);
    const std::string late =
        in == language::french ? "en retard : prévoir un autre canal" : "late: plan another channel";
    return known.empty() ? late : late + " ; " + known;
}

std::string text_in(const json::object& from, std::string_view key)
{
    const auto* value = from.if_contains(key);
    if (value == nullptr) return {};
    return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

// The load and its drivers, and the sites that are not as they should be.
void print_live(const console& to, const json::object& live)
{
    const auto* load = live.if_contains("load");
    if (load != nullptr && load->is_object()) {
        to.out << "charge      " << word_of_load(text_in(load->get_object(), "state"), to.words);
        for (const auto& [key, value] : load->get_object())
            if (key != "state" && value.is_object())
                to.out << " ; " << std::string_view(key) << " " << text_in(value.get_object(), "percent") << " %";
        to.out << "\n";
    }
    const auto* sites = live.if_contains("sites");
    if (sites == nullptr || !sites->is_array()) return;
    for (const json::value& one : sites->get_array())
        if (one.is_object() && text_in(one.get_object(), "dead") == "true")
            to.out << "injoignable " << text_in(one.get_object(), "site") << ", essayé de temps en temps\n";
}
}

int run_status(const console& to, const config::path& settings)
{
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    ports::queue_counts counts;
    std::vector<domain_hold> holds;
    const bool good = read_all(to, *from, [&](ports::reader& store) {
        counts = store.counts();
        holds = store.domain_holds();
    });
    if (!good) return exit_failed;
    const auto live = live_facts(*from);
    const bool running = std::filesystem::exists(from->parts->paths.endpoints);
    if (to.format == output_format::json) {
        json::object states;
        for (const auto& [state, count] : counts.deliveries) states[name(state)] = count;
        to.out << json::serialize(json::object{{"running", running},
                                               {"letters", counts.letters},
                                               {"stays", counts.stays},
                                               {"rejected", counts.refusals},
                                               {"acks_waiting", counts.acks_waiting},
                                               {"acks_parked", counts.acks_parked},
                                               {"deliveries", states},
                                               {"on_hold", json_of(holds, from->parts->zone)},
                                               {"live", live ? json::value(*live) : json::value()}})
               << "\n";
        return 0;
    }
    to.out << "nœud        " << from->parts->settings.node.name << (running ? " (en service)" : " (arrêté)") << "\n";
    to.out << "séjours     " << counts.stays << "\nlettres     " << counts.letters << "\nrefusés     "
           << counts.refusals << "\n";
    for (const auto& [state, count] : counts.deliveries)
        to.out << "  " << word(state, to.words) << " : " << count << "\n";
    if (counts.acks_waiting > 0) to.out << "acquittements à remettre au DPI : " << counts.acks_waiting << "\n";
    if (counts.acks_parked > 0)
        to.out << "acquittements refusés par le DPI : " << counts.acks_parked << " (liaison queue --acks)\n";
    print_holds(to, holds, from->parts->zone);
    if (live) print_live(to, *live);
    if (counts.oldest_open)
        to.out << "plus ancien envoi ouvert : " << local_time(*counts.oldest_open, from->parts->zone) << "\n";
    return 0;
}

int run_queue(const console& to, const config::path& settings, queue_view view)
{
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    std::vector<delivery_row> deliveries;
    std::vector<refusal_row> refused;
    ports::queue_counts counts;
    std::vector<domain_hold> holds;
    constexpr std::size_t most = 10'000;
    const bool good = read_all(to, *from, [&](ports::reader& store) {
        counts = store.counts();
        refused = store.refusals(most);
        holds = store.domain_holds();
        for (const auto& [state, count] : counts.deliveries)
            if (count > 0 && (view == queue_view::all || is_open(state) || state == delivery_state::failed ||
                              state == delivery_state::undeliverable))
                for (auto& row : store.deliveries_in(state, most)) deliveries.push_back(std::move(row));
    });
    if (!good) return exit_failed;
    if (to.format == output_format::json) {
        json::object states;
        for (const auto& [state, count] : counts.deliveries) states[name(state)] = count;
        json::array open, rejected;
        for (const auto& row : deliveries)
            open.push_back(json::object{{"id", row.id.text()},
                                        {"letter", row.letter.text()},
                                        {"kind", name(row.kind)},
                                        {"state", name(row.state)},
                                        {"cause", row.why == cause::none ? "" : name(row.why)},
                                        {"attempts", row.attempts},
                                        {"domain", row.domain},
                                        {"next_try", iso_time(row.next_try, from->parts->zone)},
                                        {"late", row.warned_at.has_value()},
                                        {"on_hold", is_among(holds, row.domain)}});
        for (const auto& row : refused)
            rejected.push_back(json::object{{"at", iso_time(row.at, from->parts->zone)},
                                            {"form", row.form},
                                            {"code", row.code},
                                            {"field", row.field},
                                            {"message", row.message}});
        to.out << json::serialize(json::object{{"counts", states},
                                               {"deliveries", open},
                                               {"rejected", rejected},
                                               {"on_hold", json_of(holds, from->parts->zone)}})
               << "\n";
        return 0;
    }
    if (view == queue_view::rejected) {
        table rows{{{"reçu le"}, {"forme"}, {"code"}, {"champ"}, {"motif"}}, {}};
        for (const auto& row : refused)
            rows.rows.push_back({local_time(row.at, from->parts->zone), row.form, row.code, row.field, row.message});
        print(to, rows);
        if (refused.empty() && to.format == output_format::table) to.out << "(aucun fichier refusé)\n";
        return 0;
    }
    table rows{{{"envoi"},
                {"lettre"},
                {"état"},
                {"cause"},
                {"essais", align::right},
                {"domaine"},
                {"prochain essai"},
                {"à faire"}},
               {}};
    for (const auto& row : deliveries) {
        const bool waits = may_be_sent(row.state);
        rows.rows.push_back({row.id.text(), row.letter.empty() ? "(rapport)" : row.letter.text(),
                             word(row.state, to.words), word(row.why, to.words), std::to_string(row.attempts),
                             row.domain,
                             !waits                        ? ""
                             : is_among(holds, row.domain) ? "en pause"
                                                           : local_time(row.next_try, from->parts->zone),
                             waits && row.warned_at ? late_action(row.why, to.words) : next_action(row.why, to.words)});
    }
    print(to, rows);
    if (deliveries.empty() && to.format == output_format::table) to.out << "(file vide)\n";
    return 0;
}

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
            to.out << "à faire : " << next << "\n";
    }
    return 0;
}
}
