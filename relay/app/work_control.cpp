// What people do about the worklist, as commands of the node (relay/pipeline/work_desk.hpp).
#include "relay/app/control_commands.hpp"

namespace relay::app {
using control::failure;
using control::reply;
using control::request;
using pipeline::desk_answer;
namespace {
std::optional<pipeline::instant> time_of(const request& asked, std::string_view key)
{
    const auto* value = asked.arguments.if_contains(key);
    if (value == nullptr || !value->is_int64()) return std::nullopt;
    return pipeline::instant(std::chrono::milliseconds(value->get_int64()));
}

reply told(const result<desk_answer>& answer)
{
    if (!answer.has_value()) return failure("STORE", answer.error().message());
    switch (*answer) {
        case desk_answer::done: return {true, {{"done", true}}, {}, {}};
        case desk_answer::unknown_item:
            return failure("UNKNOWN_ITEM", "rien de cet identifiant ne demande quelqu'un : voir liaison worklist");
        case desk_answer::unknown_code: return failure("UNKNOWN_CODE", "motif ou canal inconnu : voir l'aide");
        case desk_answer::bad_name:
            return failure("BAD_NAME", "un compte est attendu : lettres, chiffres et . _ @ -, 64 au plus");
        case desk_answer::bad_time:
            return failure("BAD_TIME",
                           "date refusée : à venir et sous 31 jours pour remettre à plus tard, passée et de moins de "
                           "trois mois pour un autre canal");
        case desk_answer::not_needed: break;
    }
    return failure("NOT_NEEDED", "rien à changer : c'est déjà fait, ou la lettre est arrivée");
}
}

std::optional<reply> run_work_command(pipeline::work_desk& desk, const request& asked)
{
    const std::string item = text_of(asked, "item");
    const std::string actor = actor_of(asked);
    if (asked.command == "assign") return told(desk.assign(item, text_of(asked, "to"), actor));
    if (asked.command == "snooze") {
        const auto until = time_of(asked, "until");
        return until ? told(desk.snooze(item, *until, actor)) : told(desk_answer::bad_time);
    }
    if (asked.command == "done") return told(desk.finish(item, text_of(asked, "reason"), actor));
    if (asked.command == "other-channel")
        return told(desk.other_channel(item, text_of(asked, "channel"), time_of(asked, "at"), actor));
    if (asked.command == "exclude") return told(desk.exclude(item, text_of(asked, "reason"), actor));
    return std::nullopt;
}
}
