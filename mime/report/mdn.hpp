// mime/report/mdn.hpp: reads message disposition notifications (RFC 8098) in the standard form and in both national
// forms (mssante.md §6.1): the old one puts `processed/Error: 902^label^…` into Disposition, the new one uses an Error
// field. Pure, safe from any thread. Errors: report_errc::malformed (no usable Disposition), report_errc::too_large.
#pragma once

#include "mime/report/errc.hpp"
#include "mime/report/fields.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mime::report {
enum class disposition_type { displayed, dispatched, processed, deleted, denied, failed };  // denied, failed: RFC 2298

struct mdn_limits {
    std::size_t max_octets = 256 * 1024;
    std::size_t max_field_octets = 8 * 1024;
};

struct disposition_notification {
    disposition_type type = disposition_type::processed;
    bool automatic_action = false;
    bool is_error = false;            // modifier error, an Error field, or type failed
    std::optional<int> error_code;    // 900–906 in the national forms; the first number after "Error:"
    std::string error_text;           // as written: content, shown to people only
    std::string original_message_id;  // without angle brackets; empty if absent
    std::string final_recipient;      // addr-spec
    std::string original_recipient;
    std::string reporting_ua;
};

// One complete message/disposition-notification body.
[[nodiscard]] result<disposition_notification> read_disposition_notification(std::string_view body,
                                                                             const mdn_limits& limits = {});
}
