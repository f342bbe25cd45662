// Settings of every node: its name, keys and limits, whom it trusts, how it finds other operators and shows itself to
// them.
#include <algorithm>

#include "relay/config/settings_tables.hpp"

namespace relay::config {
namespace {
void read_looked_up(table_reader& in, route_settings& route)
{
    in.text("next_hop", route.next_hop.host, need::optional);
    in.text("server_name", route.server_name, need::optional);
    if (route.next_hop.host.find(':') != std::string::npos)
        in.mistaken("next_hop", "avec lookup mx ou srv : un nom de domaine, sans port");
    if (route.lookup == hop_lookup::srv) return;  // SRV tells the port
    std::uint32_t port = 25;
    in.count("port", port);
    if (port > 65535) in.mistaken("port", "un port entre 1 et 65535 est attendu");
    route.next_hop.port = static_cast<std::uint16_t>(port);
}
}

void read_node(settings_tables& from, node_settings& node)
{
    auto in = from.table("node");
    in.text("name", node.name);
    in.file("data", node.data);
    in.file("key", node.key);
    in.text("zone", node.zone, need::optional);
    in.text("environment", node.environment, need::optional);
    in.text("language", node.language, need::optional);
    in.text("user", node.user, need::optional);
    in.seconds("drain_seconds", node.drain);
    if (node.environment != "test" && node.environment != "production")
        in.mistaken("environment", "test ou production est attendu");
    if (node.language != "fr" && node.language != "en") in.mistaken("language", "fr ou en est attendu");
}

void read_tls(settings_tables& from, tls_settings& tls)
{
    auto in = from.table("tls");
    in.file("certificate", tls.certificate);
    in.file("key", tls.key);
    in.file("anchors", tls.anchors);
}

void read_limits(settings_tables& from, limit_settings& limits, retry_settings& retry)
{
    auto in = from.table("limits");
    in.octets("input_octets", limits.input_octets);
    in.octets("refused_octets", limits.refused_octets);
    in.octets("sealed_octets", limits.sealed_octets);
    in.octets("free_disk_octets", limits.free_disk_octets);
    in.octets("memory_octets", limits.memory_octets);
    in.octets("queue_octets", limits.queue_octets);
    in.count("commit_milliseconds", limits.commit_milliseconds);
    in.count("connections", limits.connections);
    in.count("deliveries", limits.deliveries);
    in.count("site_per_minute", limits.site_per_minute);
    in.count("workers", limits.workers);
    in.octets("received_octets", limits.received_octets);
    in.count("recipients", limits.recipients);
    in.count("errors", limits.errors);
    in.count("connections_per_peer", limits.connections_per_peer);
    in.count("connections_per_minute", limits.connections_per_minute);
    in.count("mails_per_minute", limits.mails_per_minute);
    in.count("unknown_recipients_per_minute", limits.unknown_recipients_per_minute);
    in.count("refused_logins_per_minute", limits.refused_logins_per_minute);
    in.count("logins", limits.logins);
    in.seconds("session_seconds", limits.session);
    in.seconds("data_grace_seconds", limits.data_grace);
    in.octets("data_octets_per_second", limits.data_octets_per_second);
    auto again = from.table("retry");
    again.seconds("first_seconds", retry.first);
    again.seconds("most_seconds", retry.most);
    again.seconds("give_up_seconds", retry.give_up);
    again.seconds("warn_seconds", retry.warn);
    again.seconds("attempt_seconds", retry.attempt);
}

void read_trust(settings_tables& from, trust_settings& trust)
{
    auto in = from.table("trust");
    in.file("anchors", trust.anchors);
    in.texts("domains", trust.domains);
}

void read_dns(settings_tables& from, dns_settings& dns)
{
    auto in = from.table("dns");
    std::vector<std::string> servers;
    in.texts("servers", servers);
    in.milliseconds("timeout_milliseconds", dns.timeout);
    in.count("tries", dns.tries);
    for (const std::string& text : servers) {
        const auto server = read_endpoint(text.find(':') == std::string::npos ? text + ":53" : text);
        if (server && server->port != 0 && is_address(server->host))
            dns.servers.push_back(*server);
        else
            in.mistaken("servers", "adresses numériques attendues : \"192.0.2.53\" ou \"[2001:db8::53]:53\"");
    }
    if (dns.servers.size() > 8) in.mistaken("servers", "8 serveurs au plus");
    if (dns.tries > 10) in.mistaken("tries", "10 essais au plus");
}

// In clear and without accounts: nobody but this machine may ask.
void read_http(settings_tables& from, http_settings& http)
{
    auto in = from.table("http");
    in.address("listen", http.listen);
    if (http.listen && !is_loopback(http.listen->host))
        in.mistaken("listen",
                    "HTTP_NOT_LOOPBACK : une adresse de cette machine est attendue (127.0.0.1:8480), car les pages "
                    "n'ont encore ni comptes ni TLS ; de loin, par un tunnel");
}

// Never shorter than what open evidence needs: a delivery may wait until its give-up, its reports come for days
// after it, and figures close 48 h after a discharge (domain.md §4, §5).
void read_retention(settings_tables& from, settings& all)
{
    auto in = from.table("retention");
    retention_settings& kept = all.retention;
    in.count("content_days", kept.content_days);
    in.count("content_open_days", kept.content_open_days);
    in.count("trace_days", kept.trace_days);
    in.count("key_days", kept.key_days);
    in.count("mailbox_days", kept.mailbox_days);
    in.count("mailbox_warned_days", kept.mailbox_warned_days);
    const auto days = [](std::uint32_t count) { return std::chrono::hours(24) * count; };
    if (kept.content_days < 1 || kept.content_days > 30) in.mistaken("content_days", "entre 1 et 30 jours");
    if (kept.content_open_days < kept.content_days || kept.content_open_days > 30)
        in.mistaken("content_open_days", "entre content_days et 30 jours");
    if (days(kept.content_open_days) < all.retry.give_up + std::chrono::hours(24))
        in.mistaken("content_open_days", "doit dépasser d'un jour [retry] give_up_seconds");
    if (kept.trace_days < kept.content_open_days + 7 || kept.trace_days > 366)
        in.mistaken("trace_days", "au moins 7 jours de plus que content_open_days, 366 au plus");
    if (kept.key_days < kept.trace_days || kept.key_days > 3660)
        in.mistaken("key_days", "entre trace_days et 3660 jours");
    constexpr std::uint32_t least_warned_days = 7;
    if (kept.mailbox_days <= least_warned_days || kept.mailbox_days > 3660)
        in.mistaken("mailbox_days", "entre 8 et 3660 jours");
    if (kept.mailbox_warned_days < least_warned_days || kept.mailbox_warned_days >= kept.mailbox_days)
        in.mistaken("mailbox_warned_days", "au moins 7 jours, et moins que mailbox_days");
}

void read_access(table_reader& in, settings& all)
{
    access_settings access;
    in.text("name", access.name);
    access.login =
        in.choice("login", access.login, {{"none", login::none}, {"plain", login::plain}, {"xoauth2", login::xoauth2}});
    if (access.login != login::none) {
        in.text("user", access.user);
        in.file("secret", access.secret);
    }
    in.file("certificate", access.certificate, need::optional);
    in.file("key", access.key, need::optional);
    if (access.certificate.empty() != access.key.empty()) in.mistaken("key", "certificate et key vont ensemble");
    if (access.login == login::none && access.certificate.empty())
        in.mistaken("login", "rien à présenter : un login (plain, xoauth2) ou un certificate est attendu");
    if (find_access(all, access.name) != nullptr) in.mistaken("name", "nom déjà pris par un autre [[access]]");
    all.accesses.push_back(std::move(access));
}

const access_settings* find_access(const settings& all, const std::string& name)
{
    const auto found = std::find_if(all.accesses.begin(), all.accesses.end(),
                                    [&](const access_settings& one) { return one.name == name; });
    return found == all.accesses.end() ? nullptr : &*found;
}

void read_route(table_reader& in, settings& all)
{
    route_settings route;
    in.text("domain", route.domain);
    route.profile =
        in.choice("profile", route.profile,
                  {{"smime", seal_profile::smime}, {"mssante", seal_profile::mssante}, {"hold", seal_profile::hold}});
    route.tls = in.choice("tls", route.tls, {{"starttls", hop_tls::starttls}, {"implicit", hop_tls::implicit}});
    route.lookup = in.choice("lookup", route.lookup,
                             {{"address", hop_lookup::address}, {"mx", hop_lookup::mx}, {"srv", hop_lookup::srv}});
    route.transfer =
        in.choice("transfer", route.transfer,
                  {{"data", hop_transfer::data}, {"chunks", hop_transfer::chunks}, {"binary", hop_transfer::binary}});
    in.text("access", route.access, need::optional);
    if (!route.access.empty() && find_access(all, route.access) == nullptr)
        in.mistaken("access", "aucun [[access]] de ce nom");
    if (route.lookup == hop_lookup::address) {
        in.address("next_hop", route.next_hop);
        in.text("server_name", route.server_name);
    } else {
        read_looked_up(in, route);
    }
    all.routes.push_back(std::move(route));
}
}
