#include "relay/pipeline/evidence_record.hpp"

#include <algorithm>

namespace relay::pipeline {
void project(ports::transaction& tx, delivery_row& row, const delivery_view& view)
{
    row.state = view.state;
    row.why = view.why;
    row.attempts = view.attempts;
    row.accepted_at = view.accepted_at;
    row.confirmed_at = view.confirmed_at;
    tx.save_delivery(row);
}

evidence_use record_evidence(ports::transaction& tx, delivery_row& row, event next)
{
    auto events = tx.events_of(row.id);
    const bool known = std::any_of(events.begin(), events.end(), [&next](const event& before) {
        return before.facts.evidence == next.facts.evidence;
    });
    if (known) return evidence_use::known;
    next.delivery = row.id;
    tx.append(next);
    events.push_back(std::move(next));
    project(tx, row, fold_delivery(events));
    return evidence_use::recorded;
}
}
