// `liaison purge [--dry-run]`: content at its term (domain.md §10 rule 7): what would go, or go now.
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/app/purger.hpp"
#include "relay/pipeline/idle_mailboxes.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;
namespace {
constexpr std::size_t most_listed = 100'000;

std::string reason(content_rule rule, const retention_policy& policy)
{
    const auto days = [](std::chrono::hours span) { return std::to_string(span / std::chrono::hours(24)) + " j"; };
    return rule == content_rule::all_ended ? days(policy.content) + " après la fin des envois"
                                           : days(policy.content_open) + " après réception, un envoi ouvert";
}

std::string_view word_of(certificate_state state)
{
    switch (state) {
        case certificate_state::none: return "none";
        case certificate_state::waiting: return "waiting";
        case certificate_state::written: return "written";
    }
    return "none";
}

const char* french(certificate_state state)
{
    return state == certificate_state::none ? "à établir" : state == certificate_state::waiting ? "à écrire" : "écrit";
}

json::object json_of(const purge_candidate& one, const mime::zone& zone)
{
    return {{"letter", one.letter.id.text()},
            {"received", iso_time(one.letter.received_at, zone)},
            {"until", iso_time(one.term.until, zone)},
            {"rule", one.term.rule == content_rule::all_ended ? "all_ended" : "longest_open"},
            {"certificate", word_of(one.certificate)},
            {"objects", one.objects},
            {"octets", one.octets}};
}
}

int run_purge_plan(const console& to, const config::path& settings, purge_view view)
{
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    const base::system_wall_clock clock;
    const retention_policy policy = retention_of(from->parts->settings.retention);
    const mime::zone& zone = from->parts->zone;
    std::vector<purge_candidate> found;
    idle_counts idle;
    if (!read_all(to, *from, [&](ports::reader& store) {
            if (keeps_mailboxes(from->parts->settings))
                idle = idle_plan(store, clock.now(), idle_policy_of(from->parts->settings.retention));
            found = purge_candidates(store, policy, clock.now(),
                                     view == purge_view::due ? purge_scope::due : purge_scope::all, most_listed);
        }))
        return exit_failed;
    std::uint64_t octets = 0;
    std::size_t objects = 0;
    for (const purge_candidate& one : found) octets += one.octets, objects += one.objects;
    if (to.format == output_format::json) {
        json::array letters;
        for (const purge_candidate& one : found) letters.push_back(json_of(one, zone));
        to.out << json::serialize(json::object{{"letters", std::move(letters)},
                                               {"objects", objects},
                                               {"octets", octets},
                                               {"mailboxes_warned", idle.warned},
                                               {"mailboxes_closed", idle.closed},
                                               {"mailboxes_emptied", idle.emptied}})
               << "\n";
        return 0;
    }
    table rows{{{"lettre"},
                {"reçue"},
                {"contenu gardé jusqu'au"},
                {"raison"},
                {"certificat"},
                {"objets", align::right},
                {"octets", align::right}},
               {}};
    for (const purge_candidate& one : found)
        rows.rows.push_back({one.letter.id.text(), local_time(one.letter.received_at, zone),
                             local_time(one.term.until, zone), reason(one.term.rule, policy), french(one.certificate),
                             std::to_string(one.objects), std::to_string(one.octets)});
    print(to, rows);
    if (to.format == output_format::table)
        to.out << found.size() << " lettre(s), " << objects << " objet(s), " << octets
               << " octets ; rien n'est détruit (--dry-run)\n"
               << "boîtes sans connexion : " << idle.warned << " à avertir, " << idle.closed << " à fermer, "
               << idle.emptied << " à vider\n";
    return 0;
}

int run_purge(const console& to, const config::path& settings)
{
    const auto result = change(to, settings, {"purge", {}});
    if (!result) return exit_failed;
    if (to.format == output_format::json) {
        to.out << json::serialize(*result) << "\n";
        return 0;
    }
    const auto count = [&](std::string_view key) {
        const auto* value = result->if_contains(key);
        return std::to_string(value != nullptr && value->is_number() ? value->to_number<std::int64_t>() : 0);
    };
    to.out << "contenu détruit : " << count("letters") << " lettre(s), " << count("others") << " autre(s), "
           << count("objects") << " objet(s), " << count("octets") << " octets\n"
           << "certificats établis : " << count("certificates")
           << " ; lettres qui attendent le leur : " << count("waiting") << "\n";
    return 0;
}
}
