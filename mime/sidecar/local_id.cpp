#include "mime/sidecar/local_id.hpp"

#include <algorithm>
#include <array>

#include "mime/text/digest.hpp"

namespace mime::sidecar {
std::string oid_of_name(std::string_view owner_root, std::string_view name)
{
    const auto digest = sha256(std::string(owner_root).append("\n").append(name));
    std::array<unsigned, 16> uuid{};
    std::copy_n(digest.begin(), uuid.size(), uuid.begin());
    uuid[6] = (uuid[6] & 0x0FU) | 0x80U;  // version 8
    uuid[8] = (uuid[8] & 0x3FU) | 0x80U;  // variant

    std::string decimal;  // long division by ten, most significant octet first
    while (std::any_of(uuid.begin(), uuid.end(), [](unsigned octet) { return octet != 0; })) {
        unsigned rest = 0;
        for (unsigned& octet : uuid) {
            const unsigned value = rest * 256 + octet;
            octet = value / 10;
            rest = value % 10;
        }
        decimal += static_cast<char>('0' + rest);
    }
    std::reverse(decimal.begin(), decimal.end());
    return "2.25." + decimal;
}
}
