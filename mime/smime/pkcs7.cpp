#include "mime/smime/pkcs7.hpp"

#include "mime/text/base64.hpp"

namespace mime::smime {
void append_pkcs7_entity(std::string& out, std::string_view subtype, std::string_view file_name,
                         std::string_view octets)
{
    constexpr std::size_t line_octets = 76;
    out.reserve(out.size() + octets.size() / 3 * 4 + octets.size() / 28 + 512);
    out.append("Content-Type: application/")
        .append(subtype)
        .append("\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"")
        .append(file_name)
        .append("\"\r\n\r\n");
    append_base64(out, octets, line_octets);
}
}
