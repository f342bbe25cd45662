// relay/app/smtp_settings.hpp: what a listening SMTP service is told, from the node's settings. Pure.
#pragma once

#include "relay/config/settings.hpp"
#include "relay/smtp/connection/lmtp_client.hpp"
#include "relay/smtp/connection/smtp_server.hpp"

namespace relay::app {
[[nodiscard]] smtp::peer_limits peer_limits_of(const config::limit_settings& limits);
// All but its address, TLS context, rates and logins. `policy` says what kind of service it is.
[[nodiscard]] smtp::server_settings server_settings_of(const config::settings& all, smtp::server_policy policy);
// nullopt: the mailboxes are ours.
[[nodiscard]] std::optional<smtp::lmtp_settings> lmtp_settings_of(const config::settings& all);
}
