// Settings of what people are told: [alerts], [[alert]], [watch].
#include <algorithm>
#include <array>

#include "relay/config/settings_tables.hpp"

namespace relay::config {
namespace {
bool is_mailbox(std::string_view text)
{
    const auto at = text.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
           text.find_first_of(" \t\r\n<>,;\"", 0) == std::string_view::npos &&
           text.find('@', at + 1) == std::string_view::npos;
}

// http only where it does not leave the machine; no user or password in it.
bool is_web_address(std::string_view text)
{
    if (text.find_first_of("@ \t\r\n\"") != std::string_view::npos) return false;
    if (text.starts_with("https://")) return text.size() > std::string_view("https://").size();
    for (const std::string_view here : {"http://127.0.0.1", "http://[::1]", "http://localhost"})
        if (text.starts_with(here))
            return text.size() == here.size() || text[here.size()] == ':' || text[here.size()] == '/';
    return false;
}

// "07:00-20:00"
bool is_hours(std::string_view text)
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
bool is_reachable(const settings& all, const std::string& address)
{
    if (!is_mailbox(address)) return false;
    const std::string domain = address.substr(address.find('@') + 1);
    const auto& hosted = all.operator_.domains;
    const auto& trusted = all.trust.domains;
    return (all.roles.operator_ && std::find(hosted.begin(), hosted.end(), domain) != hosted.end()) ||
           std::find(trusted.begin(), trusted.end(), domain) != trusted.end();
}

void check_places(table_reader& in, const settings& all, const alert_rule_settings& rule)
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
}

void read_alerts(settings_tables& from, alert_settings& alerts)
{
    auto in = from.table("alerts");
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
    if (!alerts.from.empty() && !is_mailbox(alerts.from)) in.mistaken("from", "une adresse est attendue : nom@domaine");
    if (!alerts.webhook.empty() && !is_web_address(alerts.webhook))
        in.mistaken("webhook", "https://... est attendu, ou http:// sur cette machine (127.0.0.1, [::1], localhost)");
}

void read_watch(settings_tables& from, watch_settings& watch)
{
    auto in = from.table("watch");
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

void read_alert_rule(table_reader& in, settings& all)
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
}
