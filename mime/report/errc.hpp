// mime/report/errc.hpp: what can be wrong with a report (RFC 3464, 8098). The text of an error never holds a value.
#pragma once

#include "mime/text/result.hpp"

#include <type_traits>

namespace mime::report {
enum class report_errc {
    malformed = 1,     // no field, or the one that decides (Action, Disposition) is absent or unknown
    too_large,         // dsn_limits, mdn_limits
    bad_address,       // write_dsn: an address that may not stand in a header
    bad_header_value,  // write_dsn: a control character or an octet above 127
    bad_status,        // not RFC 3463 §2
};

[[nodiscard]] const boost::system::error_category& report_category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(report_errc code) noexcept;
}

template <>
struct boost::system::is_error_code_enum<mime::report::report_errc> : std::true_type {
};
