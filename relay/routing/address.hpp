// relay/routing/address.hpp: addresses of the directory in one form. Pure.
// RFC 5321 §2.4 lets a local part be case-sensitive; no operator of the trust space is, so look-ups ignore ASCII case.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace relay::routing {

// local@domain with the domain in lower case; nullopt unless there is one '@' with something printable before it and a
// host name in A-label form behind it (letters, digits, hyphens, at least one dot), 254 octets at most.
[[nodiscard]] std::optional<std::string> normal_address(std::string_view text);

[[nodiscard]] std::string_view domain_of(std::string_view address);  // behind the last '@'; the whole text without one
}
