#include "relay/store/migrations.hpp"

#include <array>
#include <string>

#include <boost/system/system_error.hpp>

#include "relay/store/errc.hpp"

namespace relay::store {
namespace {
struct migration {
    int number;
    const char* sql;
};
const migration migrations[] = {
#include "migrations.inc"
};
}

int newest_schema() noexcept
{
    return std::rbegin(migrations)->number;
}

int schema_of(connection& database)
{
    return static_cast<int>(database.single("PRAGMA user_version"));
}

void migrate(connection& database)
{
    if (schema_of(database) > newest_schema())
        throw boost::system::system_error(make_error_code(store_errc::newer_schema));
    for (const auto& step : migrations) {
        database.execute("BEGIN IMMEDIATE");
        if (step.number > schema_of(database)) {
            database.execute(step.sql);
            database.execute(("PRAGMA user_version = " + std::to_string(step.number)).c_str());
        }
        database.execute("COMMIT");
    }
}
}
