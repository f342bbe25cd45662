#include "relay/app/smtp_settings.hpp"

#include <algorithm>

namespace relay::app {
smtp::peer_limits peer_limits_of(const config::limit_settings& limits)
{
    smtp::peer_limits made;
    made.connections = limits.connections_per_peer;
    made.connections_per_minute = limits.connections_per_minute;
    made.mails_per_minute = limits.mails_per_minute;
    made.unknown_recipients_per_minute = limits.unknown_recipients_per_minute;
    made.refused_logins_per_minute = limits.refused_logins_per_minute;
    return made;
}

smtp::server_settings server_settings_of(const config::settings& all, smtp::server_policy policy)
{
    smtp::server_settings made;
    policy.host_name = all.node.name;
    const auto received = all.limits.received_octets;
    policy.limits.data.max_message_octets = received != 0 ? received : all.limits.sealed_octets * 3 / 2;
    policy.limits.max_recipients = all.limits.recipients;
    policy.limits.max_errors = all.limits.errors;
    made.policy = std::move(policy);
    made.max_connections = all.limits.connections;
    made.session_limit = all.limits.session;
    made.pace = {all.limits.data_grace, all.limits.data_octets_per_second};
    return made;
}

std::optional<smtp::lmtp_settings> lmtp_settings_of(const config::settings& all)
{
    const config::operator_settings& wanted = all.operator_;
    if (!wanted.lmtp && wanted.lmtp_socket.empty()) return std::nullopt;
    smtp::lmtp_settings made;
    made.socket = wanted.lmtp_socket;
    if (wanted.lmtp) {
        made.host = wanted.lmtp->host;
        made.port = wanted.lmtp->port;
    }
    made.own_name = all.node.name;
    made.at_once = std::max<std::size_t>(all.limits.workers / 2, 1);  // the other workers must not wait for it
    return made;
}
}
