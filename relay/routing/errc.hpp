// relay/routing/errc.hpp: why an import, an added certificate or the opening of the directory was refused.
#pragma once

#include <string>
#include <type_traits>

#include "relay/base/result.hpp"

namespace relay::routing {
enum class routing_errc {
    file_unreadable = 1,
    header_not_understood,  // no line, or a needed column is missing
    nothing_usable,         // a header, but not one good row
    shrunk,                 // far fewer rows than the last good file: that one is kept
    database_failed,        // the directory's own file cannot be read or written
    certificate_malformed,
    certificate_without_names,  // neither rfc822Name nor dNSName
};

[[nodiscard]] const boost::system::error_category& routing_errors() noexcept;
[[nodiscard]] inline error_code make_error_code(routing_errc code) noexcept
{
    return {static_cast<int>(code), routing_errors()};
}
}

template <>
struct boost::system::is_error_code_enum<relay::routing::routing_errc> : std::true_type {
};
