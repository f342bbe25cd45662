// mime/message/scan.hpp: looks over a mail from outside before any other reader sees it. libetpan is recursive: 1 MB of
// '(' in a From crashes it and 20 000 nested parts cost it ten seconds, so whatever exceeds these limits is refused
// here, and the caller keeps the mail as opaque bytes, flagged (design.md §6). One pass, linear time, memory bounded by
// the header limit. Pure, safe from any thread. Errors: message_errc::{message_too_large, header_too_large,
// comments_too_deep, mime_too_deep, too_many_parts, line_too_long}. Lines end at CRLF, LF or CR here, so that no
// reader, whatever it takes for a line end, sees more parts than were counted.
#pragma once

#include "mime/message/errc.hpp"

#include <cstddef>
#include <string_view>

namespace mime::message {
struct scan_limits {
    std::size_t max_octets = 64 * 1024 * 1024;
    std::size_t max_header_octets = 256 * 1024;  // of each header block, the top one and that of every part
    std::size_t max_comment_depth = 32;  // parentheses in one field, inside quotes too: they may be seen either way
    std::size_t max_mime_depth = 32;     // the mail itself is depth 1
    std::size_t max_parts = 1000;        // leaves and containers
    std::size_t max_line_octets = 64 * 1024;  // without the line end; RFC 5322 says 998, see over_long_lines
};

struct scan_report {
    std::size_t header_octets = 0;  // of the top header, with the empty line
    std::size_t depth = 1;
    std::size_t parts = 1;
    std::size_t longest_line_octets = 0;
    std::size_t over_long_lines = 0;  // longer than the 998 octets of RFC 5322 §2.1.1
    std::size_t bare_cr = 0;
    std::size_t bare_lf = 0;
    std::size_t nul = 0;
    std::size_t octets_above_127 = 0;
};

[[nodiscard]] result<scan_report> scan_message(std::string_view message, const scan_limits& limits = {});
}
