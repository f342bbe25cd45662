#include "relay/http/metrics_page.hpp"

#include <array>

#include "relay/http/exposition.hpp"
#include "relay/pipeline/period_report.hpp"

namespace relay::http {
using namespace pipeline;
namespace {
// Gauges of ours whose unit is not Prometheus's, and those that are told better below.
struct renamed {
    std::string_view name, as;
    double scale;
};
constexpr std::array<renamed, 9> renames{{
    {"relay_queue_octets", "relay_queue_bytes", 1},
    {"relay_memory_octets", "process_resident_memory_bytes", 1},
    {"relay_store_commit_microseconds", "relay_store_commit_seconds", 1e-6},
    {"relay_load_slots_percent", "", 0},
    {"relay_load_queue_percent", "", 0},
    {"relay_load_disk_percent", "", 0},
    {"relay_load_memory_percent", "", 0},
    {"relay_load_commits_percent", "", 0},
    {"relay_load_state", "", 0},
}};

void process_values(exposition& into)
{
    for (const obs::sample& one : obs::snapshot()) {
        std::string_view as = one.name;
        double scale = 1;
        for (const renamed& known : renames)
            if (known.name == one.name) {
                as = known.as;
                scale = known.scale;
            }
        if (as.empty()) continue;
        into.family(as, obs::help_of(one.name), one.kind);
        into.value(static_cast<double>(one.value) * scale);
    }
}

void load_values(exposition& into, load_state state)
{
    constexpr std::array drivers{
        std::pair{load_driver::slots, obs::gauge::load_slots_percent},
        std::pair{load_driver::queue, obs::gauge::load_queue_percent},
        std::pair{load_driver::disk, obs::gauge::load_disk_percent},
        std::pair{load_driver::memory, obs::gauge::load_memory_percent},
        std::pair{load_driver::commits, obs::gauge::load_commits_percent},
    };
    into.family("relay_load_pressure_ratio", "What drives the load, of its limit: 1 is the limit.",
                obs::metric_kind::gauge);
    for (const auto& [driver, gauge] : drivers)
        into.value(static_cast<double>(obs::value(gauge)) / 100, "driver", name(driver));
    into.family("relay_load_state", "1 for the state the node is in.", obs::metric_kind::gauge);
    for (const auto one : {load_state::normal, load_state::stressed, load_state::refusing})
        into.value(one == state ? 1 : 0, "state", name(one));
}

void node_values(exposition& into, const node_facts& node)
{
    into.family("relay_build_info", "1, with the version of this program.", obs::metric_kind::gauge);
    into.value(1, "version", LIAISON_VERSION);
    into.family("relay_node_phase", "1 for the phase the node is in.", obs::metric_kind::gauge);
    into.value(node.phase == phase::starting ? 1 : 0, "phase", "starting");
    into.value(node.phase == phase::serving ? 1 : 0, "phase", "serving");
    into.value(node.phase == phase::draining ? 1 : 0, "phase", "draining");
    into.gauge("relay_longest_step_seconds", "How long the slowest thread beside the I/O loop has been at one step.",
               std::chrono::duration<double>(node.longest_step).count());
    std::int64_t alive = 0, dead = 0, waiting = 0, running = 0;
    for (const site_facts& one : node.sites) {
        ++(one.dead ? dead : alive);
        waiting += static_cast<std::int64_t>(one.waiting);
        running += static_cast<std::int64_t>(one.running);
    }
    into.family("relay_sites", "Sets of mail hosts that mail waits for, by what they answered last.",
                obs::metric_kind::gauge);
    into.value(static_cast<double>(alive), "state", "alive");
    into.value(static_cast<double>(dead), "state", "dead");
    into.gauge("relay_sites_waiting_deliveries", "Deliveries in memory that wait for a place at their site.",
               static_cast<double>(waiting));
    into.gauge("relay_sites_running_deliveries", "Deliveries under way.", static_cast<double>(running));
}

void store_values(exposition& into, const metrics_facts& facts)
{
    into.family("relay_deliveries", "Deliveries in the store, by state.", obs::metric_kind::gauge);
    for (int i = 0; i <= static_cast<int>(delivery_state::other_channel); ++i) {
        const auto state = static_cast<delivery_state>(i);
        const auto found = facts.counts.deliveries.find(state);
        into.value(found == facts.counts.deliveries.end() ? 0 : static_cast<double>(found->second), "state",
                   name(state));
    }
    into.family("relay_deferred_deliveries", "Deferred deliveries by cause, of the 1000 oldest.",
                obs::metric_kind::gauge);
    for (const auto& [why, n] : facts.deferred) into.value(static_cast<double>(n), "cause", name(why));
    if (facts.deferred.empty()) into.value(0, "cause", name(cause::none));
    into.gauge("relay_held_domains", "Domains that a person has put on hold.",
               static_cast<double>(facts.domains_on_hold));
    into.family("relay_acks", "Business acknowledgements that have not reached the hospital's software.",
                obs::metric_kind::gauge);
    into.value(static_cast<double>(facts.counts.acks_waiting), "state", "waiting");
    into.value(static_cast<double>(facts.counts.acks_parked), "state", "parked");
    into.gauge("relay_refused_submissions", "Files and messages that were refused and are kept.",
               static_cast<double>(facts.counts.refusals));
    into.gauge("relay_letters", "Letters in the store.", static_cast<double>(facts.counts.letters));
    into.gauge("relay_stays", "Stays in the store.", static_cast<double>(facts.counts.stays));
    into.family("relay_attention_stays", "Stays discharged in the last 7 days that ask for somebody, by gravest mark.",
                obs::metric_kind::gauge);
    for (const auto mark :
         {attention::no_letter_in_the_evening, attention::j0_missed, attention::h36_passed, attention::h48_missed}) {
        const auto found = facts.marks.find(mark);
        into.value(found == facts.marks.end() ? 0 : static_cast<double>(found->second), "mark", name(mark));
    }
}
}

metrics_facts gather_metrics(ports::reader& store, instant now)
{
    metrics_facts all;
    all.now = now;
    all.counts = store.counts();
    const auto today = std::chrono::floor<std::chrono::days>(now);
    const day_range days{today - attention_days, today + std::chrono::days(2)};  // of any zone
    store.read_facts(query_of(days), [&](const stay_facts& stay) {
        const attention mark = attention_of(stay, now);
        if (mark != attention::none) ++all.marks[mark];
    });
    for (const delivery_row& row : store.deliveries_in(delivery_state::deferred, deferred_rows_counted))
        ++all.deferred[row.why];
    all.domains_on_hold = static_cast<std::int64_t>(store.domain_holds().size());
    return all;
}

std::string write_metrics(const metrics_facts& facts)
{
    exposition into;
    node_values(into, facts.node);
    load_values(into, facts.node.load);
    store_values(into, facts);
    process_values(into);
    return into.text();
}
}
