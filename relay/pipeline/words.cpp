#include "relay/pipeline/words.hpp"

#include "relay/pipeline/causes.hpp"

namespace relay::pipeline {
std::string word(delivery_state value, language in)
{
    if (in == language::english) return std::string(name(value));
    switch (value) {
        case delivery_state::received: return "reçue";
        case delivery_state::held: return "retenue";
        case delivery_state::queued: return "en file";
        case delivery_state::deferred: return "différée";
        case delivery_state::sending: return "en cours";
        case delivery_state::uncertain: return "incertaine";
        case delivery_state::accepted: return "acceptée";
        case delivery_state::confirmed: return "remise";
        case delivery_state::displayed: return "lue";
        case delivery_state::processed: return "classée";
        case delivery_state::rejected_by_software: return "refus logiciel";
        case delivery_state::failed: return "échec";
        case delivery_state::undeliverable: return "non remise";
        case delivery_state::cancelled: return "annulée";
        case delivery_state::superseded: return "remplacée";
        case delivery_state::other_channel: return "autre canal";
    }
    return "?";
}

std::string word(stay_state value, language in)
{
    if (in == language::english) return std::string(name(value));
    switch (value) {
        case stay_state::awaiting_letter: return "sans lettre";
        case stay_state::in_progress: return "en cours";
        case stay_state::met_j0: return "J0 tenu";
        case stay_state::met_48h: return "48 h tenu";
        case stay_state::late: return "hors délai";
        case stay_state::overdue: return "en retard";
        case stay_state::closed_other_channel: return "autre canal";
        case stay_state::excluded: return "exclu";
    }
    return "?";
}

std::string word(cause value, language in)
{
    if (value == cause::none) return "";
    if (in == language::english) return std::string(name(value));
    return std::string(facts_of(value).label);
}

std::string next_action(cause value, language in)
{
    const auto& facts = facts_of(value);
    return std::string(in == language::french ? facts.action : facts.action_en);
}

std::string first_actor(cause value, language in)
{
    const auto& facts = facts_of(value);
    return std::string(in == language::french ? facts.actor_label : facts.first_actor);
}

std::string word_of_load(std::string_view state, language in)
{
    if (in == language::english) return std::string(state);
    if (state == "stressed") return "élevée : les fichiers attendent un peu";
    if (state == "refusing") return "excessive : plus rien n'est pris en charge (AR, 452)";
    return "normale";
}

std::string yes_no(std::optional<bool> value, language in)
{
    if (!value) return "–";
    if (in == language::english) return *value ? "yes" : "no";
    return *value ? "oui" : "non";
}

std::string duration(std::optional<std::chrono::milliseconds> value)
{
    if (!value) return "–";
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*value).count();
    const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    if (seconds < 60) return std::to_string(seconds) + " s";
    if (seconds < 3600) return std::to_string(seconds / 60) + " min " + two(seconds % 60);
    if (seconds < 72 * 3600) return std::to_string(seconds / 3600) + " h " + two(seconds / 60 % 60);
    return std::to_string(seconds / 86400) + " j " + two(seconds / 3600 % 24) + " h";
}
}
