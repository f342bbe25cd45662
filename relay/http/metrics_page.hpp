// relay/http/metrics_page.hpp: /metrics, in the text format of Prometheus (exposition.hpp). Names and
// units by its conventions: seconds, bytes, ratios; labels from closed lists of the program, never a name, an address,
// a domain or an id. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "relay/http/node_facts.hpp"
#include "relay/obs/metrics.hpp"
#include "relay/pipeline/attention.hpp"
#include "relay/pipeline/ports/store.hpp"

namespace relay::http {
inline constexpr std::chrono::days attention_days{7};       // of discharge, looked at for marks
inline constexpr std::size_t deferred_rows_counted = 1000;  // oldest ones, counted by cause

struct metrics_facts {
    node_facts node;
    pipeline::instant now{};
    pipeline::ports::queue_counts counts;
    std::map<pipeline::attention, std::int64_t> marks;  // of stays discharged in the last attention_days
    std::map<pipeline::cause, std::int64_t> deferred;   // of the oldest deferred_rows_counted
    std::int64_t domains_on_hold = 0;
};
// Reads what the store knows. Blocks.
[[nodiscard]] metrics_facts gather_metrics(pipeline::ports::reader& store, pipeline::instant now);
[[nodiscard]] std::string write_metrics(const metrics_facts& facts);
}
