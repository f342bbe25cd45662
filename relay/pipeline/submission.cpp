#include "relay/pipeline/submission.hpp"

#include "mime/text/digest.hpp"

namespace relay::pipeline {
std::string acknowledgement_name(std::string_view submitted, std::string_view ending)
{
    constexpr std::size_t most_octets = 255;
    constexpr std::size_t digest_digits = 16;
    if (submitted.size() + ending.size() <= most_octets) return std::string(submitted) + std::string(ending);
    std::size_t kept = most_octets - digest_digits - 1 - ending.size();
    while (kept > 0 && (static_cast<unsigned char>(submitted[kept]) & 0xC0U) == 0x80U)
        --kept;  // whole UTF-8 characters
    return std::string(submitted.substr(0, kept)) + '~' + mime::hex(mime::sha256(submitted)).substr(0, digest_digits) +
           std::string(ending);
}
}
