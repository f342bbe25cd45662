// mime/smime/pkcs7.hpp: writes the MIME entity around a CMS object. Used by this room's source files only. Pure.
#pragma once

#include <string>
#include <string_view>

namespace mime::smime {
// Appends application/<subtype and parameters> as an attachment in base64, lines of 76 (RFC 2045 §6.8).
void append_pkcs7_entity(std::string& out, std::string_view subtype, std::string_view file_name,
                         std::string_view octets);
}
