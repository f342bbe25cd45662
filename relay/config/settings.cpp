#include "relay/config/settings.hpp"

#include "relay/config/settings_tables.hpp"

namespace relay::config {
namespace {
// In the order in which mistakes are told.
void read_all(settings_tables& from, settings& all)
{
    read_node(from, all.node);
    {
        auto in = from.table("roles");
        in.flag("hospital", all.roles.hospital);
        in.flag("operator", all.roles.operator_);
        if (!all.roles.hospital && !all.roles.operator_)
            in.mistaken("hospital", "aucun rôle actif : mettre hospital ou operator à true");
    }
    read_tls(from, all.tls);
    read_limits(from, all.limits, all.retry);
    if (all.roles.hospital || from.contains("hospital")) read_hospital(from, all);
    if (all.roles.operator_ || from.contains("operator")) read_operator(from, all);
    if (all.roles.hospital || from.contains("returns")) read_returns(from, all);
    read_trust(from, all.trust);
    read_dns(from, all.dns);
    read_http(from, all.http);
    {
        auto in = from.table("audit");
        in.seconds("every_seconds", all.audit.every);
        in.file("copies", all.audit.copies, need::optional);
    }
    read_retention(from, all);
    from.each("site", [&](table_reader& in) { read_place(in, all); });
    read_alerts(from, all.alerts);
    read_watch(from, all.watch);
    from.each("alert", [&](table_reader& in) { read_alert_rule(in, all); });
    from.each("access", [&](table_reader& in) { read_access(in, all); });
    from.each("route", [&](table_reader& in) { read_route(in, all); });
    if (all.returns.imap) read_polled(from, all);
}
}

loaded load_settings(const path& file)
{
    loaded out;
    out.values.file = std::filesystem::absolute(file);
    try {
        const toml::table root = toml::parse_file(out.values.file.string());
        settings_tables from(root, out);
        read_all(from, out.values);
    } catch (const toml::parse_error& error) {
        const bool unread = !std::filesystem::exists(out.values.file);
        out.mistakes.push_back({file.filename().string() + ":" + std::to_string(error.source().begin.line),
                                unread ? "fichier illisible : vérifier le chemin et les droits"
                                       : "syntaxe TOML : " + std::string(error.description())});
    }
    return out;
}
}
