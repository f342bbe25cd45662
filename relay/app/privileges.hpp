// relay/app/privileges.hpp: a node started as root binds its privileged ports, then becomes `[node] user` for good: no
// group of root's, no capability, no way back (credentials(7), capabilities(7)); that is tried before it is believed.
// Under systemd, User= and AmbientCapabilities= of the unit do the same, and `user` stays unset.
// Before any thread is started: Linux keeps capabilities and ids for each thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "relay/config/settings.hpp"

namespace relay::app {
// All addresses the settings ask to listen at. A new listener is one line here.
[[nodiscard]] std::vector<config::endpoint> listen_addresses(const config::settings& all);

// Does nothing without `user`. What is wrong, in French, naming the key; nullopt when done.
[[nodiscard]] std::optional<config::mistake> give_up_privileges(const config::settings& all);
}
