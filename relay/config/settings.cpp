#include "relay/config/settings.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "relay/config/table_reader.hpp"

namespace relay::config {
namespace {
bool is_address(const std::string& host)
{
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

bool is_loopback(const std::string& host)
{
    return is_address(host) && (host.starts_with("127.") || host == "::1");
}

class loader {
public:
    loader(const toml::table& root, loaded& out)
        : root_(root), out_(out), top_(&root, "racine", out.values.file, out.mistakes)
    {
    }

    void run()
    {
        settings& all = out_.values;
        read_node(all.node);
        {
            auto in = table("roles");
            in.flag("hospital", all.roles.hospital);
            in.flag("operator", all.roles.operator_);
            if (!all.roles.hospital && !all.roles.operator_)
                in.mistaken("hospital", "aucun rôle actif : mettre hospital ou operator à true");
        }
        read_tls(all.tls);
        read_limits(all.limits, all.retry);
        if (all.roles.hospital || root_.contains("hospital")) read_hospital(all);
        if (all.roles.operator_ || root_.contains("operator")) read_operator(all);
        if (all.roles.hospital || root_.contains("returns")) read_returns(all);
        read_trust(all.trust);
        read_dns(all.dns);
        read_http(all.http);
        {
            auto in = table("audit");
            in.seconds("every_seconds", all.audit.every);
            in.file("copies", all.audit.copies, need::optional);
        }
        read_retention(all);
        each("site", [&](table_reader& in) { read_place(in, all); });
        read_alerts(all.alerts);
        read_watch(all.watch);
        each("alert", [&](table_reader& in) { read_alert_rule(in, all); });
        each("access", [&](table_reader& in) { read_access(in, all); });
        each("route", [&](table_reader& in) { read_route(in, all); });
        if (all.returns.imap) read_polled(all);
    }

private:
    table_reader table(std::string_view name)
    {
        std::string ignored_name(name);
        top_.mark(name);
        return table_reader(root_[name].as_table(), std::move(ignored_name), out_.values.file, out_.mistakes);
    }

    void read_node(node_settings& node)
    {
        auto in = table("node");
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

    void read_tls(tls_settings& tls)
    {
        auto in = table("tls");
        in.file("certificate", tls.certificate);
        in.file("key", tls.key);
        in.file("anchors", tls.anchors);
    }

    void read_limits(limit_settings& limits, retry_settings& retry)
    {
        auto in = table("limits");
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
        auto again = table("retry");
        again.seconds("first_seconds", retry.first);
        again.seconds("most_seconds", retry.most);
        again.seconds("give_up_seconds", retry.give_up);
        again.seconds("warn_seconds", retry.warn);
        again.seconds("attempt_seconds", retry.attempt);
    }

    void read_hospital(settings& all)
    {
        auto spool = table("spool");
        spool.file("folder", all.spool.folder);
        spool.file("acknowledgements", all.spool.acknowledgements);
        spool.seconds("rescan_seconds", all.spool.rescan);
        spool.milliseconds("stable_milliseconds", all.spool.stable);
        spool.seconds("pair_wait_seconds", all.spool.pair_wait);
        auto place = table("establishment");
        place.text("finess", all.establishment.finess);
        place.text("name", all.establishment.name);
        place.text("oid_root", all.establishment.oid_root);
        place.text("patient_id_oid", all.establishment.patient_id_oid, need::optional);
        place.text("phone", all.establishment.phone, need::optional);
        place.text("street", all.establishment.street, need::optional);
        place.text("postal_code", all.establishment.postal_code, need::optional);
        place.text("city", all.establishment.city, need::optional);
        place.text("facility_type", all.establishment.facility_type, need::optional);
        auto in = table("hospital");
        in.text("address", all.hospital.address);
        in.text("display_name", all.hospital.display_name, need::optional);
        in.text("reply_to", all.hospital.reply_to, need::optional);
        in.file("signing_certificate", all.hospital.signing_certificate);
        in.file("signing_key", all.hospital.signing_key);
        in.address("returns", all.hospital.returns);
        in.file("profile", all.hospital.profile, need::optional);
        read_intake(all.intake);
        read_xdm(all.xdm);
        read_mllp(all.mllp);
    }

    void read_intake(intake_settings& intake)
    {
        auto in = table("intake");
        std::string mode = "tolerant";
        std::string record = "refuse";
        in.text("matrix", mode, need::optional);
        in.text("matrix_version", intake.matrix_version, need::optional);
        in.text("shared_record", record, need::optional);
        if (mode != "strict" && mode != "tolerant") in.mistaken("matrix", "strict ou tolerant est attendu");
        if (record != "refuse" && record != "mail_only")
            in.mistaken("shared_record", "refuse ou mail_only est attendu");
        if (mode == "strict") intake.matrix = matrix_mode::strict;
        if (record == "mail_only") intake.shared_record = shared_record::mail_only;
    }

    void read_xdm(xdm_settings& xdm)
    {
        auto in = table("xdm");
        std::string place = "document_entry";
        in.text("action_slot", xdm.action_slot, need::optional);
        in.text("action_place", place, need::optional);
        if (place == "submission_set")
            xdm.action_place = action_place::submission_set;
        else if (place != "document_entry")
            in.mistaken("action_place", "submission_set ou document_entry est attendu");
        if (xdm.action_slot.empty()) in.mistaken("action_slot", "un nom de métadonnée est attendu");
    }

    void read_mllp(mllp_settings& mllp)
    {
        auto in = table("mllp");
        in.address("listen", mllp.listen);
        in.flag("require_client_certificate", mllp.require_client_certificate);
        in.count("connections", mllp.connections);
        in.count("queue", mllp.queue);
        in.seconds("idle_seconds", mllp.idle);
        in.address("zam_to", mllp.zam_to);
        in.text("zam_server_name", mllp.zam_server_name, need::optional);
        in.seconds("zam_first_seconds", mllp.zam_first);
        in.seconds("zam_most_seconds", mllp.zam_most);
        in.seconds("zam_answer_seconds", mllp.zam_answer);
        if (mllp.zam_to && mllp.zam_to->port == 0) in.mistaken("zam_to", "un port entre 1 et 65535 est attendu");
        if (mllp.zam_most < mllp.zam_first)
            in.mistaken("zam_most_seconds", "ne peut pas être plus court que zam_first_seconds");
    }

    void read_returns(settings& all)
    {
        auto in = table("returns");
        in.text("replies_to", all.returns.replies_to, need::optional);
        in.mark("imap");
        if (root_["returns"].as_table() != nullptr && root_["returns"].as_table()->contains("imap"))
            all.returns.imap.emplace();
        const std::string& to = all.returns.replies_to;
        if (to.empty()) return;
        const auto& hosted = all.operator_.domains;
        const std::string domain = to.substr(to.find('@') + 1);
        if (!all.roles.operator_ || std::find(hosted.begin(), hosted.end(), domain) == hosted.end())
            in.mistaken("replies_to",
                        "une boîte de ce nœud est attendue : rôle operator, domaine de [operator] domains");
    }

    // After every [[access]].
    void read_polled(settings& all)
    {
        polled_settings& polled = *all.returns.imap;
        table_reader in(root_["returns"]["imap"].as_table(), "returns.imap", out_.values.file, out_.mistakes);
        in.address("server", polled.server);
        in.text("server_name", polled.server_name, need::optional);
        in.text("access", polled.access);
        in.text("mailbox", polled.mailbox, need::optional);
        in.seconds("every_seconds", polled.every);
        in.seconds("renew_seconds", polled.renew);
        in.seconds("most_retry_seconds", polled.most_retry);
        polled.tls = in.choice("tls", polled.tls, {{"starttls", hop_tls::starttls}, {"implicit", hop_tls::implicit}});
        if (polled.server.port == 0 && !polled.server.host.empty())
            in.mistaken("server", "un port entre 1 et 65535 est attendu");
        if (!polled.access.empty() && find_access(all, polled.access) == nullptr)
            in.mistaken("access", "aucun [[access]] de ce nom");
        if (polled.every.count() < 1) in.mistaken("every_seconds", "au moins 1");
        if (polled.renew.count() < 1 || polled.renew >= std::chrono::minutes(29))
            in.mistaken("renew_seconds", "entre 1 et 1739 : un serveur peut couper après 29 minutes");
        if (polled.most_retry.count() < 1) in.mistaken("most_retry_seconds", "au moins 1");
        const auto folder_ends = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
        if (polled.mailbox.empty() || std::any_of(polled.mailbox.begin(), polled.mailbox.end(), folder_ends))
            in.mistaken("mailbox", "un nom de dossier IMAP est attendu, INBOX le plus souvent");
        if (!all.roles.hospital) in.mistaken("server", "sans effet sans le rôle hospital : retirer [returns.imap]");
    }

    void read_operator(settings& all)
    {
        read_hosting(all.operator_);
        auto in = table("submission");
        in.seconds("tell_delay_seconds", all.submission.tell_delay);
        all.submission.clear_to =
            in.choice("clear_to", all.submission.clear_to, {{"none", clear_to::none}, {"trusted", clear_to::trusted}});
        if (all.submission.tell_delay >= all.retry.give_up)
            in.mistaken("tell_delay_seconds", "doit être plus court que [retry] give_up_seconds");
    }

    void read_hosting(operator_settings& op)
    {
        auto in = table("operator");
        in.texts("domains", op.domains);
        in.address("smtp", op.smtp);
        read_mailbox_server(in, op);
        in.address("submission", op.submission);
        in.address("submissions", op.submissions);
        in.address("imap", op.imap);
        in.address("imaps", op.imaps);
        in.flag("require_client_certificate", op.require_client_certificate);
        in.text("postmaster", op.postmaster, need::optional);
        if ((op.lmtp || !op.lmtp_socket.empty()) && (op.imap || op.imaps))
            in.mistaken("imap", "avec lmtp, les boîtes sont ailleurs : retirer imap et imaps");
        if (op.domains.empty()) in.mistaken("domains", "au moins un domaine hébergé est attendu");
    }

    // In clear and without accounts: nobody but this machine may ask.
    void read_http(http_settings& http)
    {
        auto in = table("http");
        in.address("listen", http.listen);
        if (http.listen && !is_loopback(http.listen->host))
            in.mistaken("listen",
                        "HTTP_NOT_LOOPBACK : une adresse de cette machine est attendue (127.0.0.1:8480), car les pages "
                        "n'ont encore ni comptes ni TLS ; de loin, par un tunnel");
    }

    // "unix:/path" or "127.0.0.1:24": what goes there is not under TLS, so it must not leave the machine.
    static void read_mailbox_server(table_reader& in, operator_settings& op)
    {
        std::string at;
        in.text("lmtp", at, need::optional);
        if (at.empty()) return;
        if (at.starts_with("unix:/")) {
            op.lmtp_socket = at.substr(5);
            return;
        }
        op.lmtp = read_endpoint(at);
        const bool here = op.lmtp && is_loopback(op.lmtp->host) && op.lmtp->port != 0;
        if (!here) in.mistaken("lmtp", "unix:/chemin ou une adresse de cette machine (127.0.0.1:24) est attendu");
    }

    void read_trust(trust_settings& trust)
    {
        auto in = table("trust");
        in.file("anchors", trust.anchors);
        in.texts("domains", trust.domains);
    }

    // Never shorter than what open evidence needs: a delivery may wait until its give-up, its reports come for days
    // after it, and figures close 48 h after a discharge (domain.md §4, §5).
    void read_retention(settings& all)
    {
        auto in = table("retention");
        retention_settings& kept = all.retention;
        in.count("content_days", kept.content_days);
        in.count("content_open_days", kept.content_open_days);
        in.count("trace_days", kept.trace_days);
        in.count("key_days", kept.key_days);
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
    }

    void read_dns(dns_settings& dns)
    {
        auto in = table("dns");
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

    void read_alerts(alert_settings& alerts)
    {
        auto in = table("alerts");
        in.text("from", alerts.from, need::optional);
        in.seconds("look_seconds", alerts.look);
        in.count("window_days", alerts.window_days);
        in.count("peer_minutes", alerts.peer_minutes);
        in.count("queue_minutes", alerts.queue_minutes);
        in.count("certificate_days", alerts.certificate_days);
        in.count("digest_hour", alerts.digest_hour);
        in.text("webhook", alerts.webhook, need::optional);
        in.file("webhook_anchors", alerts.webhook_anchors, need::optional);
        in.seconds("webhook_timeout_seconds", alerts.webhook_timeout);
        if (alerts.digest_hour > 23) in.mistaken("digest_hour", "une heure entre 1 et 23 est attendue");
        if (alerts.window_days > 180) in.mistaken("window_days", "180 jours au plus");
        if (!alerts.from.empty() && !is_mailbox(alerts.from))
            in.mistaken("from", "une adresse est attendue : nom@domaine");
        if (!alerts.webhook.empty() && !is_web_address(alerts.webhook))
            in.mistaken("webhook",
                        "https://... est attendu, ou http:// sur cette machine (127.0.0.1, [::1], localhost)");
    }

    void read_watch(watch_settings& watch)
    {
        auto in = table("watch");
        in.count("volume_floor", watch.volume_floor);
        in.count("volume_times", watch.volume_times);
        in.count("volume_days", watch.volume_days);
        in.count("unread_letters", watch.unread_letters);
        in.count("unread_days", watch.unread_days);
        in.count("doctors", watch.doctors);
        in.seconds("every_seconds", watch.every);
        if (watch.volume_days > 28) in.mistaken("volume_days", "28 jours au plus : l'histoire gardée d'une boîte");
        if (watch.doctors < 2) in.mistaken("doctors", "2 médecins au moins");
    }

    static bool is_mailbox(std::string_view text)
    {
        const auto at = text.find('@');
        return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
               text.find_first_of(" \t\r\n<>,;\"", 0) == std::string_view::npos &&
               text.find('@', at + 1) == std::string_view::npos;
    }

    // http only where it does not leave the machine; no user or password in it.
    static bool is_web_address(std::string_view text)
    {
        if (text.find_first_of("@ \t\r\n\"") != std::string_view::npos) return false;
        if (text.starts_with("https://")) return text.size() > std::string_view("https://").size();
        for (const std::string_view here : {"http://127.0.0.1", "http://[::1]", "http://localhost"})
            if (text.starts_with(here))
                return text.size() == here.size() || text[here.size()] == ':' || text[here.size()] == '/';
        return false;
    }

    // "07:00-20:00"
    static bool is_hours(std::string_view text)
    {
        const auto is_time = [](std::string_view one) {
            if (one.size() != 5 || one[2] != ':') return false;
            for (const std::size_t at : {0U, 1U, 3U, 4U})
                if (one[at] < '0' || one[at] > '9') return false;
            return one.substr(0, 2) < "24" && one.substr(3) < "60";
        };
        return text.size() == 11 && text[5] == '-' && is_time(text.substr(0, 5)) && is_time(text.substr(6));
    }

    // A mail goes to a mailbox here, or where the trust space lets it.
    static bool is_reachable(const settings& all, const std::string& address)
    {
        if (!is_mailbox(address)) return false;
        const std::string domain = address.substr(address.find('@') + 1);
        const auto& hosted = all.operator_.domains;
        const auto& trusted = all.trust.domains;
        return (all.roles.operator_ && std::find(hosted.begin(), hosted.end(), domain) != hosted.end()) ||
               std::find(trusted.begin(), trusted.end(), domain) != trusted.end();
    }

    static void read_alert_rule(table_reader& in, settings& all)
    {
        constexpr std::array kinds{"no_letter", "j0_missed", "h36_passed", "h48_missed", "disputed",
                                   "directory", "peer",      "queue",      "load",       "certificate"};
        alert_rule_settings rule;
        in.texts("to", rule.to);
        in.texts("groups", rule.groups);
        in.texts("sites", rule.sites);
        in.texts("services", rule.services);
        in.texts("tell", rule.tell);
        in.text("hours", rule.hours, need::optional);
        in.flag("digest", rule.digest);
        if (rule.to.empty()) in.mistaken("to", "au moins une adresse est attendue");
        for (const std::string& one : rule.to)
            if (!is_reachable(all, one))
                in.mistaken("to", "une boîte de ce nœud ou d'un domaine de [trust] domains est attendue");
        for (const std::string& one : rule.tell)
            if (std::find(kinds.begin(), kinds.end(), one) == kinds.end())
                in.mistaken("tell",
                            "mots connus : no_letter, j0_missed, h36_passed, h48_missed, disputed, directory, "
                            "peer, queue, load, certificate");
        if (!rule.hours.empty() && !is_hours(rule.hours)) in.mistaken("hours", "la forme \"07:00-20:00\" est attendue");
        check_places(in, all, rule);
        all.alert_rules.push_back(std::move(rule));
    }

    static void check_places(table_reader& in, const settings& all, const alert_rule_settings& rule)
    {
        const auto any = [&](auto known) { return std::any_of(all.places.begin(), all.places.end(), known); };
        for (const std::string& one : rule.groups)
            if (!any([&](const place_settings& p) { return p.group == one; }))
                in.mistaken("groups", "un groupe n'est celui d'aucun [[site]]");
        for (const std::string& one : rule.sites)
            if (!any([&](const place_settings& p) { return p.code == one; }))
                in.mistaken("sites", "un code n'est celui d'aucun [[site]]");
        for (const std::string& one : rule.services)
            if (!any([&](const place_settings& p) {
                    return std::any_of(p.services.begin(), p.services.end(),
                                       [&](const auto& service) { return service.first == one; });
                }))
                in.mistaken("services", "un service n'est d'aucun [[site]]");
    }

    // Every [[name]] table.
    template <class Read>
    void each(std::string_view name, Read read)
    {
        top_.mark(name);
        const toml::array* tables = root_[name].as_array();
        if (tables == nullptr) {
            if (root_.contains(name))
                top_.mistaken(name, "[[" + std::string(name) + "]] est attendu, doubles crochets");
            return;
        }
        for (const toml::node& item : *tables) {
            table_reader in(item.as_table(), std::string(name), out_.values.file, out_.mistakes);
            read(in);
        }
    }

    void read_access(table_reader& in, settings& all)
    {
        access_settings access;
        in.text("name", access.name);
        access.login = in.choice("login", access.login,
                                 {{"none", login::none}, {"plain", login::plain}, {"xoauth2", login::xoauth2}});
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

    static const access_settings* find_access(const settings& all, const std::string& name)
    {
        const auto found = std::find_if(all.accesses.begin(), all.accesses.end(),
                                        [&](const access_settings& one) { return one.name == name; });
        return found == all.accesses.end() ? nullptr : &*found;
    }

    static void read_place(table_reader& in, settings& all)
    {
        place_settings place;
        in.text("code", place.code);
        in.text("name", place.name, need::optional);
        in.text("group", place.group, need::optional);
        in.text("zone", place.zone, need::optional);
        in.pairs("services", place.services);
        in.flag("hand_over", place.hand_over);
        const auto taken = [&](const place_settings& other) {
            return std::any_of(place.services.begin(), place.services.end(), [&](const auto& mine) {
                return std::any_of(other.services.begin(), other.services.end(),
                                   [&](const auto& theirs) { return theirs.first == mine.first; });
            });
        };
        if (std::any_of(all.places.begin(), all.places.end(), taken))
            in.mistaken("services", "un service est déjà dans un autre [[site]]");
        if (std::any_of(all.places.begin(), all.places.end(), [&](const auto& p) { return p.code == place.code; }))
            in.mistaken("code", "deux [[site]] de même code");
        all.places.push_back(std::move(place));
    }

    void read_route(table_reader& in, settings& all)
    {
        route_settings route;
        in.text("domain", route.domain);
        route.profile = in.choice(
            "profile", route.profile,
            {{"smime", seal_profile::smime}, {"mssante", seal_profile::mssante}, {"hold", seal_profile::hold}});
        route.tls = in.choice("tls", route.tls, {{"starttls", hop_tls::starttls}, {"implicit", hop_tls::implicit}});
        route.lookup = in.choice("lookup", route.lookup,
                                 {{"address", hop_lookup::address}, {"mx", hop_lookup::mx}, {"srv", hop_lookup::srv}});
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

    static void read_looked_up(table_reader& in, route_settings& route)
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

    const toml::table& root_;
    loaded& out_;
    table_reader top_;
};
}

loaded load_settings(const path& file)
{
    loaded out;
    out.values.file = std::filesystem::absolute(file);
    try {
        const toml::table root = toml::parse_file(out.values.file.string());
        loader(root, out).run();
    } catch (const toml::parse_error& error) {
        const bool unread = !std::filesystem::exists(out.values.file);
        out.mistakes.push_back({file.filename().string() + ":" + std::to_string(error.source().begin.line),
                                unread ? "fichier illisible : vérifier le chemin et les droits"
                                       : "syntaxe TOML : " + std::string(error.description())});
    }
    return out;
}
}
