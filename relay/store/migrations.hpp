// relay/store/migrations.hpp: forward migrations, embedded from conf/migrations/NNNN_*.sql. Private to relay/store.
#pragma once

#include "relay/store/connection.hpp"

namespace relay::store {
[[nodiscard]] int newest_schema() noexcept;
[[nodiscard]] int schema_of(connection& database);  // PRAGMA user_version
// Each migration is one transaction together with its number. Throws store_errc::newer_schema for a database from the
// future.
void migrate(connection& database);
}
