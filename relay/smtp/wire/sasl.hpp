// relay/smtp/wire/sasl.hpp: what a client says in AUTH (RFC 4954 §4): PLAIN (RFC 4616) and XOAUTH2 (the bearer form
// that operators took from Google). Pure. Errors: wire_errc::bad_parameter for a value that cannot be said (NUL, CR,
// LF, for XOAUTH2 any control character). What is returned is a secret: the caller wipes it.
#pragma once

#include <string>
#include <string_view>

#include "relay/base/result.hpp"
#include "relay/smtp/wire/errc.hpp"

namespace relay::smtp {
enum class sasl_mechanism { plain, xoauth2 };
[[nodiscard]] std::string_view name(sasl_mechanism mechanism) noexcept;  // as in EHLO and AUTH

// The client's one response, in base64. `secret`: a password, or a bearer token.
[[nodiscard]] result<std::string> write_sasl_response(sasl_mechanism mechanism, std::string_view user,
                                                      std::string_view secret);
}
