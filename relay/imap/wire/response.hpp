// relay/imap/wire/response.hpp: writes the pieces of server responses (RFC 3501 §7, §9). Pure, any thread.
// Strings go quoted where the grammar allows it, else as a literal, so that any octets but NUL travel safely.
#pragma once

#include <string>
#include <string_view>

#include "relay/base/clock.hpp"

namespace relay::imap {
void append_string(std::string& out, std::string_view value);     // quoted or literal
void append_astring(std::string& out, std::string_view value);    // an atom where possible
void append_literal_head(std::string& out, std::size_t octets);   // "{5}" CRLF; the octets follow
void append_internal_date(std::string& out, base::instant when);  // "\"01-Feb-2026 09:30:00 +0000\"", in UTC
}
