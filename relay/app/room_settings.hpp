// relay/app/room_settings.hpp: what each room of a node is told, from its settings and what is made of them. Pure; at
// the start and again at a reload.
#pragma once

#include "relay/app/dispatcher.hpp"
#include "relay/app/load_watch.hpp"
#include "relay/app/parts.hpp"
#include "relay/fetch/poller.hpp"
#include "relay/http/http_server.hpp"
#include "relay/mllp/connection/mllp_client.hpp"
#include "relay/mllp/connection/mllp_server.hpp"
#include "relay/smtp/connection/lmtp_client.hpp"
#include "relay/smtp/connection/smtp_server.hpp"
#include "relay/spool/watcher.hpp"

namespace relay::app {
[[nodiscard]] smtp::peer_limits peer_limits_of(const config::limit_settings& limits);
// nullopt: the mailboxes are ours.
[[nodiscard]] std::optional<smtp::lmtp_settings> lmtp_settings_of(const config::settings& all);

// Without the rates and logins, which outlive the settings.
[[nodiscard]] smtp::server_settings returns_settings(const parts& part);  // needs [hospital] returns
[[nodiscard]] smtp::server_settings operator_settings(const parts& part);
[[nodiscard]] smtp::server_settings submission_settings(const parts& part, const config::endpoint& at,
                                                        smtp::server_tls tls);

[[nodiscard]] mllp::server_settings mllp_settings(const parts& part);  // needs [mllp] listen
[[nodiscard]] mllp::client_settings telling(const parts& part);        // needs [mllp] zam_to
[[nodiscard]] http::server_settings http_settings(const parts& part);  // needs [http] listen
[[nodiscard]] dispatcher_options dispatching(const parts& part);       // without name look-up
[[nodiscard]] fetch::poll_options polling(const parts& part);          // needs [returns] imap
[[nodiscard]] spool::watcher_options watching(const parts& part);
[[nodiscard]] load_limits load_limits_of(const parts& part);
}
