#include "relay/app/room_settings.hpp"

#include <algorithm>

#include <openssl/crypto.h>

#include "relay/io/files.hpp"

namespace relay::app {
namespace {
// What an IMAP server is told of who we are; without a login the certificate says it (RFC 4422 appendix A).
result<fetch::login_words> login_of(const smtp::sasl_access* access)
{
    if (access == nullptr) return fetch::login_words{"EXTERNAL", "="};
    auto secret = io::read_secret(access->secret_file);
    if (!secret.has_value()) return secret.error();
    auto response = smtp::write_sasl_response(access->mechanism, access->user, *secret);
    OPENSSL_cleanse(secret->data(), secret->size());
    if (!response.has_value()) return response.error();
    return fetch::login_words{std::string(smtp::name(access->mechanism)), std::move(*response)};
}

std::uint64_t received_octets(const config::limit_settings& limits)
{
    return limits.received_octets != 0 ? limits.received_octets : limits.sealed_octets * 3 / 2;
}

// All but the rates and logins, which outlive the settings. `policy` says what kind of service it is.
smtp::server_settings smtp_settings(const parts& part, const config::endpoint& at, smtp::server_policy policy,
                                    std::shared_ptr<io::tls_context> tls)
{
    const config::limit_settings& limits = part.settings.limits;
    smtp::server_settings made;
    made.at = {at.host, at.port};
    policy.host_name = part.settings.node.name;
    policy.limits.data.max_message_octets = received_octets(limits);
    policy.limits.max_recipients = limits.recipients;
    policy.limits.max_errors = limits.errors;
    made.policy = std::move(policy);
    made.tls = std::move(tls);
    made.max_connections = limits.connections;
    made.session_limit = limits.session;
    made.pace = {limits.data_grace, limits.data_octets_per_second};
    return made;
}
}

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

smtp::server_settings returns_settings(const parts& part)
{
    smtp::server_policy policy;
    policy.certificates = smtp::client_certificates::required;
    policy.only_recipient = part.settings.hospital.address;
    return smtp_settings(part, *part.settings.hospital.returns, std::move(policy), part.tls_returns);
}

smtp::server_settings operator_settings(const parts& part)
{
    smtp::server_policy policy;
    const bool mutual = part.settings.operator_.require_client_certificate;
    policy.certificates = mutual ? smtp::client_certificates::required : smtp::client_certificates::not_asked;
    return smtp_settings(part, part.settings.operator_.smtp, std::move(policy),
                         mutual ? part.tls_returns : part.tls_server);
}

smtp::server_settings submission_settings(const parts& part, const config::endpoint& at, smtp::server_tls tls)
{
    smtp::server_policy policy;
    policy.certificates = smtp::client_certificates::optional;
    policy.logins = smtp::logins::required;
    policy.tls = tls;
    return smtp_settings(part, at, std::move(policy), part.tls_submission);
}

mllp::server_settings mllp_settings(const parts& part)
{
    const config::mllp_settings& wanted = part.settings.mllp;
    mllp::server_settings made{{wanted.listen->host, wanted.listen->port},
                               {},
                               wanted.require_client_certificate ? part.tls_returns : part.tls_server,
                               wanted.connections,
                               wanted.queue,
                               part.zone};
    made.policy.limits.frame.max_content_octets = part.settings.limits.input_octets;
    made.policy.timeouts.idle = wanted.idle;
    return made;
}

http::server_settings http_settings(const parts& part)
{
    http::server_settings made;
    made.at = {part.settings.http.listen->host, part.settings.http.listen->port};
    // Most workers stay with the mail.
    made.limits.pages_at_once = std::max<std::size_t>(part.settings.limits.workers / 4, 1);
    made.limits.probes_at_once = std::max<std::size_t>(part.settings.limits.workers / 8, 1);
    return made;
}

dispatcher_options dispatching(const parts& part)
{
    dispatcher_options made;
    const config::limit_settings& limits = part.settings.limits;
    made.limits.deliveries = made.limits.pace.most_slots = limits.deliveries;
    made.limits.pace.gap = std::chrono::milliseconds(60'000 / std::max(limits.site_per_minute, 1U));
    made.limits.stalled = 3 * limits.deliveries;
    made.attempt = part.settings.retry.attempt;
    made.client.helo_name = part.settings.node.name;
    made.client.pool.max_idle_per_key = limits.deliveries;  // each handshake costs as much as sealing a letter
    return made;
}

fetch::poll_options polling(const parts& part)
{
    const config::polled_settings& wanted = *part.settings.returns.imap;
    const hop_access* const shown = part.hops->access(wanted.access);
    fetch::poll_options made;
    made.access.at = {wanted.server.host, wanted.server.port};
    made.access.tls =
        wanted.tls == config::hop_tls::implicit ? fetch::server_tls::implicit : fetch::server_tls::starttls;
    made.access.context = shown != nullptr ? shown->tls : part.tls_client;
    made.access.server_name = wanted.server_name.empty() ? wanted.server.host : wanted.server_name;
    made.access.login = [login = shown != nullptr ? shown->login : nullptr] { return login_of(login.get()); };
    made.access.mailbox = wanted.mailbox;
    made.user = shown != nullptr && shown->login ? shown->login->user : wanted.access;
    made.recipient = part.settings.hospital.address;
    made.limits.mail_octets = received_octets(part.settings.limits);
    made.every = wanted.every;
    made.renew = wanted.renew;
    made.most_retry = wanted.most_retry;
    made.first_retry = std::min(made.first_retry, wanted.most_retry);
    return made;
}

spool::watcher_options watching(const parts& part)
{
    const config::settings& all = part.settings;
    spool::watcher_options made;
    made.files = {all.spool.folder, part.node_id, all.spool.stable, all.spool.pair_wait};
    made.acknowledgements = all.spool.acknowledgements;
    made.rescan = all.spool.rescan;
    made.max_octets = all.limits.input_octets;
    made.keep_octets = all.limits.refused_octets;
    made.workers = all.limits.workers;
    return made;
}

load_limits load_limits_of(const parts& part)
{
    const config::limit_settings& limits = part.settings.limits;
    return {part.settings.node.data, limits.free_disk_octets, limits.connections,
            limits.queue_octets,     limits.memory_octets,    std::uint64_t{limits.commit_milliseconds} * 1000};
}

mllp::client_settings telling(const parts& part)
{
    const config::mllp_settings& wanted = part.settings.mllp;
    mllp::client_settings made;
    made.at = {wanted.zam_to->host, wanted.zam_to->port};
    made.server_name = wanted.zam_server_name;
    made.tls = part.tls_client;
    made.answer_timeout = wanted.zam_answer;
    return made;
}
}
