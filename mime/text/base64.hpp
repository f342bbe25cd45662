// mime/text/base64.hpp: base64 (RFC 4648 §4), in lines for mail (RFC 2045 §6.8). Pure, safe from any thread.
// Tolerances on reading, all seen in hospital messages: blanks anywhere, missing or surplus padding at the end.
// Errors: text_errc::base64_character, text_errc::base64_length.
#pragma once

#include "mime/text/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace mime {
// line_length 0: one line without end. Otherwise each line, the last too, ends by CRLF; RFC 2045 wants 76. A length
// that is no multiple of 4 is rounded down (to 4 at least).
[[nodiscard]] std::string base64_encode(std::string_view octets, std::size_t line_length = 0);
// The same, put behind what `text` holds.
void append_base64(std::string& text, std::string_view octets, std::size_t line_length = 0);

// Skips SP TAB CR LF. After the first '=' only '=' and blanks may follow.
[[nodiscard]] result<std::string> base64_decode(std::string_view text);
}
