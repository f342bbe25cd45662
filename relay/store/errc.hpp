// relay/store/errc.hpp: what can go wrong in the store; the texts say what to do next.
#pragma once

#include <string>
#include <type_traits>

#include "relay/base/result.hpp"

namespace relay::store {
enum class store_errc {
    disk_full = 1,    // or free space below the reserve: retry later, refuse new work
    busy,             // too many units waiting, or another process holds the database
    failed,           // the unit threw, or SQLite reported something unexpected
    closed,           // the store is shutting down
    conflict,         // a constraint of the schema: a row refers to one that is not there, or a unique key repeats
    damaged,          // not a database, or a page does not read back
    newer_schema,     // written by a newer liaison
    exposed,          // the file may be read by group or others
    already_running,  // another process holds the lock
    unreadable,       // missing file, wrong owner
    read_only,        // a write on a store opened read-only
    mailbox_unknown,  // mail for an address that has no account here
};

[[nodiscard]] const boost::system::error_category& store_errors() noexcept;
[[nodiscard]] inline error_code make_error_code(store_errc code) noexcept
{
    return {static_cast<int>(code), store_errors()};
}
}

template <>
struct boost::system::is_error_code_enum<relay::store::store_errc> : std::true_type {
};
