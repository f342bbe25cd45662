#include "certs/openssl/cms.hpp"

#include <limits>

namespace certs::openssl {
cms_ptr read_cms(std::string_view octets)
{
    if (octets.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return nullptr;
    const auto* at = reinterpret_cast<const unsigned char*>(octets.data());
    const unsigned char* const end = at + octets.size();
    cms_ptr cms(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(octets.size())));
    return at == end ? std::move(cms) : nullptr;
}

std::optional<std::string> write_cms(CMS_ContentInfo& cms)
{
    unsigned char* raw = nullptr;
    const int size = i2d_CMS_ContentInfo(&cms, &raw);
    const octets_ptr der(raw);
    if (size <= 0) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
}
}
