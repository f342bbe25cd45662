// certs/openssl/cms.hpp: CMS objects (RFC 5652) to and from bytes. On failure the reason is in the error queue, which
// the caller turns into its own meaning with take_error. For source files only, as handles.hpp.
#pragma once

#include "certs/openssl/handles.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace certs::openssl {
// One whole object in BER or DER and nothing behind it; null otherwise. At most 2 GiB.
[[nodiscard]] cms_ptr read_cms(std::string_view octets);

// DER of a finished object.
[[nodiscard]] std::optional<std::string> write_cms(CMS_ContentInfo& cms);
}
