// mime/sidecar/local_id.hpp: an OID for a local name, the same each time: 2.25.<UUID as decimal number> (X.667 §6), the
// UUID made from the owner's root and the name (version 8 of RFC 9562: SHA-256, cut). At most 44 characters. Pure, any
// thread.
#pragma once

#include <string>
#include <string_view>

namespace mime::sidecar {
[[nodiscard]] std::string oid_of_name(std::string_view owner_root, std::string_view name);
}
