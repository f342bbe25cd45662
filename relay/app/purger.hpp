// relay/app/purger.hpp: a run of the purge in a node, or in a command when no node runs: certificates queued, written
// to the ack folder, content destroyed behind them, mailboxes without use warned, closed and emptied, closed periods
// recorded, then frozen at the end of their traces, the destruction told by a signed statement, the write-ahead log
// emptied. One run at a time, whoever asks, and nobody else records periods; blocking. Safe from any thread.
#pragma once

#include <functional>
#include <mutex>

#include "relay/app/parts.hpp"
#include "relay/pipeline/content_purge.hpp"
#include "relay/pipeline/idle_rule.hpp"

namespace relay::app {
[[nodiscard]] pipeline::purge_options purging(const parts& part);
[[nodiscard]] pipeline::retention_policy retention_of(const config::retention_settings& settings);

// Hosted mailboxes that nobody uses (pipeline/idle_mailboxes.hpp). Those that another server keeps are its own
// business.
[[nodiscard]] bool keeps_mailboxes(const config::settings& settings);
[[nodiscard]] pipeline::idle_policy idle_policy_of(const config::retention_settings& settings);

// Row-level traces past their term: days frozen to their signed counts, then their rows in pages, while `going`.
struct trace_counts {
    std::size_t days = 0;
    store::expired_traces rows;
};
[[nodiscard]] result<trace_counts> expire_traces(store::sqlite_store& store, const parts& part, pipeline::instant now,
                                                 const std::function<bool()>& going);

class purger {
public:
    // Written first, told after: a death in between writes the same file again, under the same name.
    // `going` is asked between steps, a letter or some rows each: no ends the run early, the next one goes on.
    [[nodiscard]] result<pipeline::purge_counts> run(store::sqlite_store& store, const pipeline::services& with,
                                                     const parts& part, const std::function<bool()>& going);

private:
    std::mutex one_;
    bool log_holds_remains_ = true;  // at first: a death may have left them
};
}
