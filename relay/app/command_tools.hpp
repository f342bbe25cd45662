// relay/app/command_tools.hpp: what several commands share: opening for reading, telling mistakes, sending a change,
// tables and words.
#pragma once

#include <boost/json/value.hpp>

#include "relay/app/commands.hpp"
#include "relay/app/parts.hpp"
#include "relay/app/table.hpp"
#include "relay/control/protocol.hpp"

namespace relay::app {
// Settings, vault and store opened for reading; null after telling why on `err`.
struct open_reading {
    std::unique_ptr<reading_parts> parts;
    std::unique_ptr<store::sqlite_store> store;
};
[[nodiscard]] std::unique_ptr<open_reading> open_to_read(const console& to, const config::path& settings);

void tell_unreadable(const console& to, const error_code& why);
void tell(const console& to, const std::vector<config::mistake>& mistakes);

// Sends a change to the running node, or runs it here when none runs. nullopt after telling why.
[[nodiscard]] std::optional<boost::json::object> change(const console& to, const config::path& settings,
                                                        const control::request& what);

// Who runs the command: kept with what he did. The socket is 0600, so this names a colleague, it does not authenticate.
[[nodiscard]] std::string current_user();

// What only the running node knows; nullopt when none runs.
[[nodiscard]] std::optional<boost::json::object> live_facts(const open_reading& from);

// As text, or as CSV if the console says so.
void print(const console& to, const table& rows);

// Runs `read` on the store; false after telling why.
template <class Read>
bool read_all(const console& to, const open_reading& from, Read read)
{
    const auto done = from.store->read(read);
    if (!done.has_value()) tell_unreadable(to, done.error());
    return done.has_value();
}

[[nodiscard]] std::string type_name(const std::string& code);  // French; the code itself when it is not listed

// AAAA-MM-JJ or AAAA-MM-JJTHH:MM of the site; nullopt for anything else.
[[nodiscard]] std::optional<pipeline::instant> read_site_time(std::string_view text, const mime::zone& zone);

[[nodiscard]] std::string local_time(pipeline::instant at, const mime::zone& zone);  // JJ/MM/AAAA HH:MM
[[nodiscard]] std::string iso_time(pipeline::instant at, const mime::zone& zone);    // 2026-11-21T10:00:00+01:00
[[nodiscard]] boost::json::value time_or_null(const std::optional<pipeline::instant>& at, const mime::zone& zone);
}
