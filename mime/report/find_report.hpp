// mime/report/find_report.hpp: is this mail a report, and about which mail of ours? Looks for message/delivery-status
// (RFC 3464) and message/disposition-notification (RFC 8098) in any multipart, whatever report-type says, since
// gateways rewrap reports; a broken third part does not lose the first two. Never decides on the subject. Pure, safe
// from any thread. Errors: those of mime/message/entity.hpp (mail the scan refuses), report_errc::too_large.
#pragma once

#include "mime/message/scan.hpp"
#include "mime/report/dsn.hpp"
#include "mime/report/mdn.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mime::report {
enum class report_kind { none, dsn, mdn };

struct found_report {
    report_kind kind = report_kind::none;
    std::optional<delivery_status> delivery;              // kind dsn
    std::optional<disposition_notification> disposition;  // kind mdn
    std::string report_message_id;  // of the report itself, without angle brackets; empty if absent
    std::string
        original_message_id;  // from the MDN field, else the returned headers or mail, else In-Reply-To, References
    std::vector<std::string> related_ids;  // In-Reply-To and References of the mail, for kind none too
};

struct report_limits {
    message::scan_limits scan;
    dsn_limits dsn;
    mdn_limits mdn;
};

[[nodiscard]] result<found_report> find_report(std::string_view message, const report_limits& limits = {});
}
