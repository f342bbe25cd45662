// relay/pipeline/outbound_parts.hpp: what the parts of outbound share. Private to outbound*.cpp.
#pragma once

#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/outbound.hpp"

namespace relay::pipeline {
[[nodiscard]] inline event about(instant at, event_kind kind, cause why = cause::none)
{
    event next;
    next.at = at;
    next.kind = kind;
    next.facts.why = why;
    return next;
}

// A submitted mail has ended: its sender is told, its bytes are not needed any more.
inline void close_submitted(ports::transaction& tx, delivery_row& row, const made_report* news)
{
    if (news) queue_report(tx, *news);
    forget_bytes(tx, row);
}

// Runs `change` on a delivery that is still there, in one unit.
template <class Change>
result<void> change_delivery(ports::store& store, const delivery_id& id, Change change)
{
    return store.write([&](ports::transaction& tx) {
        if (auto row = tx.delivery(id)) change(tx, *row);
    });
}
}
