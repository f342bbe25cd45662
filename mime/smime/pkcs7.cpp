#include "mime/smime/pkcs7.hpp"

#include "mime/text/base64.hpp"

namespace mime::smime {
std::string pkcs7_entity(std::string_view subtype, std::string_view file_name, std::string_view octets)
{
    constexpr std::size_t line_octets = 76;
    return std::string("Content-Type: application/")
        .append(subtype)
        .append("\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"")
        .append(file_name)
        .append("\"\r\n\r\n")
        .append(base64_encode(octets, line_octets));
}
}
