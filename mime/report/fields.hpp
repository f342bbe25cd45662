// mime/report/fields.hpp: the small pieces DSN and MDN bodies share: blocks of header-like fields, `type; value` pairs,
// and enhanced status codes (RFC 3463 §2). Pure, safe from any thread. Nothing throws or reads past its end.
#pragma once

#include "mime/text/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::report {
// Takes the next line off `text`; ended by CRLF or LF, which are not part of it.
[[nodiscard]] std::string_view take_line(std::string_view& text) noexcept;

struct report_field {
    std::string_view name;
    std::string value;  // unfolded, trimmed
};
using field_block = std::vector<report_field>;

struct field_limits {
    std::size_t max_blocks = 101;
    std::size_t max_fields = 100;  // in one block
    std::size_t max_field_octets = 8 * 1024;
};

// Blocks set apart by empty lines. Lines end at CRLF or LF; lines without a colon are skipped (seen: text before the
// fields). Error: report_errc::too_large. Borrows `body` for the names.
[[nodiscard]] result<std::vector<field_block>> read_blocks(std::string_view body, const field_limits& limits);

[[nodiscard]] const std::string* find_field(const field_block& block, std::string_view name) noexcept;

// The value of `rfc822; a@b`; all of it if there is no type; without the angle brackets some put around it.
[[nodiscard]] std::string typed_value(std::string_view field);

struct enhanced_status {
    std::uint16_t klass = 0;  // 2, 4 or 5
    std::uint16_t subject = 0;
    std::uint16_t detail = 0;
    friend bool operator==(const enhanced_status&, const enhanced_status&) = default;
};
[[nodiscard]] std::optional<enhanced_status> read_enhanced_status(std::string_view text);
[[nodiscard]] std::string write_enhanced_status(const enhanced_status& status);

// RFC 3461 §4: xtext, for ENVID and ORCPT as they travel in SMTP; reports hold them decoded.
[[nodiscard]] std::optional<std::string> decode_xtext(std::string_view text);
[[nodiscard]] std::string encode_xtext(std::string_view text);
}
