// mime/smime/pkcs7.hpp: CMS objects to and from bytes and MIME entities. Used by this room's source files only.
#pragma once

#include "certs/openssl/handles.hpp"
#include "mime/smime/errc.hpp"

#include <string>
#include <string_view>

namespace mime::smime {
// DER of a finished object.
[[nodiscard]] result<std::string> write_cms(CMS_ContentInfo& cms, smime_errc meaning);

// One whole object in BER or DER and nothing behind it. Error: smime_errc::malformed_cms.
[[nodiscard]] result<certs::openssl::cms_ptr> read_cms(std::string_view octets);

// application/<subtype and parameters> as an attachment in base64, lines of 76 (RFC 2045 §6.8).
[[nodiscard]] std::string pkcs7_entity(std::string_view subtype, std::string_view file_name, std::string_view octets);
}
