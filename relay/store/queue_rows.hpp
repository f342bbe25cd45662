// relay/store/queue_rows.hpp: the queue by domain and deadline (design.md §5): what is due costs what is asked for, not
// what waits. Private to relay/store. Errors are thrown, as everywhere in the room.
#pragma once

#include "relay/pipeline/ports/store.hpp"
#include "relay/store/connection.hpp"

namespace relay::store {
[[nodiscard]] std::vector<pipeline::queue_lane> find_lanes(connection& database);
[[nodiscard]] std::vector<pipeline::due_delivery> find_due(connection& database, std::string_view domain,
                                                           base::instant now, std::size_t limit);
[[nodiscard]] std::vector<pipeline::delivery_row> find_unwarned(connection& database, pipeline::delivery_kind kind,
                                                                base::instant until, std::size_t limit);
[[nodiscard]] bool find_mail_use(connection& database, const pipeline::blob_id& bytes);
[[nodiscard]] std::vector<pipeline::domain_hold> find_holds(connection& database);
[[nodiscard]] bool find_hold(connection& database, std::string_view domain);

void insert_hold(connection& database, const pipeline::domain_hold& row);
bool delete_hold(connection& database, std::string_view domain);
std::size_t make_due(connection& database, std::string_view domain, base::instant now, base::instant beyond,
                     std::size_t limit);
std::size_t roll_deadlines(connection& database, std::string_view domain, base::instant now, std::size_t limit);

// The statements whose plans a test reads.
[[nodiscard]] std::vector<const char*> queue_statements();
}
