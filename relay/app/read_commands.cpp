// Commands that read: status, queue. They open the store beside a running node and change nothing.
#include <algorithm>
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/app/table.hpp"
#include "relay/pipeline/delivery_fold.hpp"

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

std::string time_in(const json::object& from, std::string_view key, const mime::zone& zone)
{
    const auto* value = from.if_contains(key);
    if (value == nullptr || !value->is_int64()) return {};
    return local_time(instant(std::chrono::seconds(value->get_int64())), zone);
}

// The mailbox elsewhere that is polled for what comes back.
void print_returns(const console& to, const json::object& live, const mime::zone& zone)
{
    const auto* found = live.if_contains("returns_mailbox");
    if (found == nullptr || !found->is_object()) return;
    const json::object& said = found->get_object();
    const std::string since = time_in(said, "failing_since", zone), last = time_in(said, "last_success", zone);
    to.out << "retours     boîte distante : ";
    if (!since.empty()) to.out << "EN PANNE depuis le " << since << " (" << text_in(said, "why") << ") ; ";
    to.out << (last.empty() ? "pas encore relevée" : "relevée le " + last) << " ; " << text_in(said, "taken")
           << " courriels pris";
    if (text_in(said, "left") != "0")
        to.out << " ; " << text_in(said, "left") << " laissés sur le serveur (liaison queue --rejected)";
    to.out << "\n";
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
    if (live) {
        print_live(to, *live);
        print_returns(to, *live, from->parts->zone);
    }
    if (counts.oldest_open)
        to.out << "plus ancien envoi ouvert : " << local_time(*counts.oldest_open, from->parts->zone) << "\n";
    return 0;
}

namespace {
// Mail without a letter is named by its kind, never by whom it is for.
std::string what_of(const delivery_row& row)
{
    switch (row.kind) {
        case delivery_kind::letter: break;
        case delivery_kind::report: return "(rapport)";
        case delivery_kind::mail: return "(courriel déposé)";
    }
    return row.letter.text();
}
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
                                        {"first_actor", first_actor(row.why, to.words)},
                                        {"action", next_action(row.why, to.words)},
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
        rows.rows.push_back({row.id.text(), what_of(row), word(row.state, to.words), word(row.why, to.words),
                             std::to_string(row.attempts), row.domain,
                             !waits                        ? ""
                             : is_among(holds, row.domain) ? "en pause"
                                                           : local_time(row.next_try, from->parts->zone),
                             waits && row.warned_at ? late_action(row.why, to.words) : next_action(row.why, to.words)});
    }
    print(to, rows);
    if (deliveries.empty() && to.format == output_format::table) to.out << "(file vide)\n";
    return 0;
}
}
