// relay/store/fact_rows.hpp: the columns of stay_fact, for reading and writing (relay/pipeline/stay_facts.hpp).
// Private to relay/store. Throws as rows.hpp does.
#pragma once

#include "relay/pipeline/stay_facts.hpp"
#include "relay/store/connection.hpp"

namespace relay::store {
#define LIAISON_FACTS_COLUMNS                                                                                         \
    "stay, day, band, establishment, service, site, grp, patient_class, exclusion, discharge, quality, j0_deadline, " \
    "h48_deadline, flags, letter_type, recipient_operator, no_address, stop, signed_at, received_at, accepted, "      \
    "failed, read, filing_refused, repeated, failures, structure, structure_kind, profession, department"

// All that is yes or no, as bits.
[[nodiscard]] std::int64_t fact_flags_of(const pipeline::stay_facts& facts);
void take_fact_flags(pipeline::stay_facts& facts, std::int64_t flags);

[[nodiscard]] pipeline::stay_facts read_facts(const cursor& row);
// on_their_day: there were some of this stay, of the same day and service. anew: none, or of another day or service.
enum class written_facts { on_their_day, anew };
written_facts write_facts(connection& database, const pipeline::stay_facts& facts);
}
