// relay/smtp/wire/xtext.hpp: xtext, the coding of ENVID and ORCPT values (RFC 3461 §4). Pure, safe from any thread.
// Errors: wire_errc::bad_xtext. What is written reads back unchanged.
#pragma once

#include <string>
#include <string_view>

#include "relay/base/result.hpp"
#include "relay/smtp/wire/errc.hpp"

namespace relay::smtp {
[[nodiscard]] std::string write_xtext(std::string_view plain);
[[nodiscard]] result<std::string> read_xtext(std::string_view encoded);
}
