// relay/store/trace_expiry.hpp: the end of row-level traces (domain.md §10 rule 7): of a stay nothing is left; of its
// letters and deliveries the keyed hashes by which a late repeat or replacement is known (document, set, version,
// recipients, operation) and the state; of its events the sealed payload without its key, so that the chain holds.
// Private to relay/store; inside one unit of the writer. Throws as rows.hpp does.
#pragma once

#include "relay/store/sqlite.hpp"
#include "relay/store/transaction.hpp"

namespace relay::store {
// Its facts go at once, its stays are marked to go; an event about its last record is appended to the ledger.
[[nodiscard]] freezing freeze(sql_transaction& transaction, std::int32_t day, base::instant now);
[[nodiscard]] expired_traces expire_page(sql_transaction& transaction, base::instant traces_until,
                                         base::instant keys_until, std::size_t limit);

// The statements whose plans a test reads.
[[nodiscard]] std::vector<const char*> expiry_statements();
}
