// relay/pipeline/watch_desk.hpp: goes through the counters of all mailboxes and keeps the warnings they give
// (watch.hpp); notes where the directory and a letter disagree. Blocking: worker threads only.
#pragma once

#include "relay/pipeline/ports/watch.hpp"

namespace relay::pipeline {
// In pages, each a unit of its own, so that nobody waits. How many warnings stand.
[[nodiscard]] result<std::size_t> watch_mailboxes(ports::store& store, instant now, const watch_thresholds& at);
// Inside the unit that sends a letter there.
void note_binding(ports::transaction& tx, const delivery_row& row, const recipient& named,
                  std::span<const ports::directory_entry> rows, instant now);
}
