// relay/pipeline/evidence_record.hpp: what comes back about a delivery, put into the ledger and its row, once
// (domain.md §4: the same evidence twice changes nothing). Inside a store unit, on a worker thread. Errors of the store
// are thrown as there.
#pragma once

#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/ports/store.hpp"

namespace relay::pipeline {
// Saves the row as its events, folded to `view`, say.
void project(ports::transaction& tx, delivery_row& row, const delivery_view& view);

// An event with an evidence key, appended and projected, unless its evidence is in the ledger already. The events of
// the delivery are read once for both, since each costs an unwrapped key.
enum class evidence_use { recorded, known };
[[nodiscard]] evidence_use record_evidence(ports::transaction& tx, delivery_row& row, event next);
}
