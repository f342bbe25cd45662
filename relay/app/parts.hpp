// relay/app/parts.hpp: what a node is made of before it runs: settings turned into keys, contexts, policies. `check`
// and `serve` share it, so that check does exactly what start-up does. Collects every mistake instead of stopping at
// the first.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "relay/app/next_hops.hpp"
#include "relay/app/node_paths.hpp"
#include "relay/config/settings.hpp"
#include "relay/io/name_lookup.hpp"
#include "relay/io/tls_context.hpp"
#include "relay/pipeline/facts_keeper.hpp"
#include "relay/pipeline/letter_composer.hpp"
#include "relay/pipeline/letter_plan.hpp"
#include "relay/pipeline/route.hpp"
#include "relay/routing/sqlite_directory.hpp"
#include "relay/store/sqlite.hpp"
#include "relay/vault/node_vault.hpp"

namespace relay::app {
struct parts {
    config::settings settings;
    node_paths paths;
    mime::zone zone;
    pipeline::organisation sites;
    std::string node_id;
    std::unique_ptr<vault::node_vault> vault;
    std::shared_ptr<io::tls_context> tls_client, tls_server, tls_returns, tls_submission;
    std::shared_ptr<const next_hops> hops;
    io::dns_settings dns;
    certs::trust_anchors anchors;
    pipeline::route_policy routes;
    std::optional<pipeline::site_options> site;          // hospital
    std::optional<pipeline::composer_options> composer;  // hospital
};

struct prepared_parts {
    std::unique_ptr<parts> made;  // null if there are mistakes
    std::vector<config::mistake> mistakes;
};
[[nodiscard]] prepared_parts prepare_parts(const config::path& file);
[[nodiscard]] prepared_parts prepare_parts(config::loaded from);

// The part that commands reading the store need: settings, paths, zone, vault.
struct reading_parts {
    config::settings settings;
    node_paths paths;
    mime::zone zone;
    pipeline::organisation sites;
    std::unique_ptr<vault::node_vault> vault;
};
struct prepared_reading {
    std::unique_ptr<reading_parts> made;
    std::vector<config::mistake> mistakes;
};
[[nodiscard]] prepared_reading prepare_reading(const config::path& file);

// With the facts of stays kept from the first unit on.
[[nodiscard]] result<std::unique_ptr<store::sqlite_store>> open_node_store(const parts& part);
[[nodiscard]] pipeline::facts_keeper facts_keeper_of(const parts& part);
[[nodiscard]] pipeline::stay_rules stay_rules_of(const parts& part);
void keep_facts(store::sqlite_store& store, const parts& part);
[[nodiscard]] result<std::unique_ptr<routing::sqlite_directory>> open_node_directory(const node_paths& paths);
}
