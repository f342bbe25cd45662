// relay/config/settings_tables.hpp: the tables of a settings file, and who reads which into settings.hpp. A table that
// none of these asks for is told as a mistake at the end. Internal to relay/config; one thread. The root and what is
// loaded outlive it.
#pragma once

#include "relay/config/table_reader.hpp"

namespace relay::config {
class settings_tables {
public:
    settings_tables(const toml::table& root, loaded& out)
        : root_(root), out_(out), top_(&root, "racine", out.values.file, out.mistakes)
    {
    }

    [[nodiscard]] bool contains(std::string_view name) const { return root_.contains(name); }
    [[nodiscard]] bool contains(std::string_view name, std::string_view below) const
    {
        const toml::table* found = root_[name].as_table();
        return found != nullptr && found->contains(below);
    }

    [[nodiscard]] table_reader table(std::string_view name)
    {
        top_.mark(name);
        return table_reader(root_[name].as_table(), std::string(name), out_.values.file, out_.mistakes);
    }
    // [name.below]; who reads [name] marks it as known.
    [[nodiscard]] table_reader table(std::string_view name, std::string_view below)
    {
        return table_reader(root_[name][below].as_table(), std::string(name).append(".").append(below),
                            out_.values.file, out_.mistakes);
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

private:
    const toml::table& root_;
    loaded& out_;
    table_reader top_;
};

// settings_node.cpp
void read_node(settings_tables& from, node_settings& node);
void read_tls(settings_tables& from, tls_settings& tls);
void read_limits(settings_tables& from, limit_settings& limits, retry_settings& retry);
void read_trust(settings_tables& from, trust_settings& trust);
void read_dns(settings_tables& from, dns_settings& dns);
void read_http(settings_tables& from, http_settings& http);
void read_retention(settings_tables& from, settings& all);  // after the limits
void read_access(table_reader& in, settings& all);
[[nodiscard]] const access_settings* find_access(const settings& all, const std::string& name);
void read_route(table_reader& in, settings& all);  // after every [[access]]

// settings_roles.cpp
void read_hospital(settings_tables& from, settings& all);
void read_operator(settings_tables& from, settings& all);  // after the limits
void read_returns(settings_tables& from, settings& all);   // after the operator
void read_polled(settings_tables& from, settings& all);    // [returns.imap], after every [[access]]
void read_place(table_reader& in, settings& all);

// settings_alerts.cpp
void read_alerts(settings_tables& from, alert_settings& alerts);
void read_watch(settings_tables& from, watch_settings& watch);
void read_alert_rule(table_reader& in, settings& all);  // after every [[site]], the operator and the trust
}
