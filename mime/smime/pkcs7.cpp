#include "mime/smime/pkcs7.hpp"

#include "certs/openssl/error.hpp"
#include "mime/text/base64.hpp"

#include <limits>

namespace mime::smime {
namespace openssl = certs::openssl;

result<std::string> write_cms(CMS_ContentInfo& cms, smime_errc meaning)
{
    unsigned char* raw = nullptr;
    const int size = i2d_CMS_ContentInfo(&cms, &raw);
    const openssl::octets_ptr der(raw);
    if (size <= 0) return openssl::take_error(meaning);
    return std::string(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
}

result<openssl::cms_ptr> read_cms(std::string_view octets)
{
    if (octets.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return smime_errc::too_large;
    const auto* at = reinterpret_cast<const unsigned char*>(octets.data());
    const unsigned char* const end = at + octets.size();
    openssl::cms_ptr cms(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(octets.size())));
    if (!cms || at != end) return openssl::take_error(smime_errc::malformed_cms);
    return cms;
}

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
