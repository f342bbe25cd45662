// `liaison mailbox list`: hosted mailboxes by number and user name, when their owners last used them, and what comes of
// it (domain.md §10 rule 7). Their addresses are not shown, but a user name may be one.
#include <ostream>

#include <boost/json.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/app/purger.hpp"
#include "relay/pipeline/ports/mailbox_use.hpp"
#include "relay/pipeline/ports/worklist.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;
namespace {
constexpr std::size_t most_listed = 100'000;

std::string_view word_of(mailbox_state state)
{
    switch (state) {
        case mailbox_state::active: return "active";
        case mailbox_state::warned: return "warned";
        case mailbox_state::closed: return "closed";
    }
    return "active";
}

std::string french(const mailbox_life& life, const idle_policy& policy, const mime::zone& zone)
{
    switch (state_of(life)) {
        case mailbox_state::active: return "ouverte";
        case mailbox_state::warned:
            return "avertie le " + local_time(*life.warned_at, zone) + ", fermée le " +
                   local_time(closing_at(life, *life.warned_at, policy), zone) + " sans connexion";
        case mailbox_state::closed: return "fermée le " + local_time(*life.closed_at, zone);
    }
    return "";
}

json::object json_of(const ports::mailbox_use& one, const mime::zone& zone)
{
    return {{"number", one.account},
            {"user", one.user},
            {"last_use", iso_time(one.life.last_use, zone)},
            {"state", word_of(state_of(one.life))},
            {"warned", time_or_null(one.life.warned_at, zone)},
            {"closed", time_or_null(one.life.closed_at, zone)}};
}
}

int run_mailbox_list(const console& to, const config::path& settings)
{
    const auto from = open_to_read(to, settings);
    if (!from) return exit_settings;
    const mime::zone& zone = from->parts->zone;
    const idle_policy policy = idle_policy_of(from->parts->settings.retention);
    std::vector<ports::mailbox_use> found;
    if (!read_all(to, *from, [&](ports::reader& store) {
            found = store.work().mailbox_uses().used_until(instant::max(), 0, most_listed);
        }))
        return exit_failed;
    if (to.format == output_format::json) {
        json::array boxes;
        for (const ports::mailbox_use& one : found) boxes.push_back(json_of(one, zone));
        to.out << json::serialize(json::object{{"mailboxes", std::move(boxes)}}) << "\n";
        return 0;
    }
    table rows{{{"n°", align::right}, {"utilisateur"}, {"dernière connexion"}, {"état"}}, {}};
    for (const ports::mailbox_use& one : found)
        rows.rows.push_back({std::to_string(one.account), one.user, local_time(one.life.last_use, zone),
                             french(one.life, policy, zone)});
    print(to, rows);
    return 0;
}
}
