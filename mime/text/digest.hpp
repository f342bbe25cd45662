// mime/text/digest.hpp: SHA-256 (our proofs, design.md) and SHA-1 (the XDS hash of METADATA.XML, not a security use).
// Pure, safe from any thread. Throws std::runtime_error only if the crypto library itself refuses to work.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace mime {
using sha256_digest = std::array<unsigned char, 32>;
using sha1_digest = std::array<unsigned char, 20>;

[[nodiscard]] sha256_digest sha256(std::string_view octets);
[[nodiscard]] sha1_digest sha1(std::string_view octets);

// Lower case.
[[nodiscard]] std::string hex(std::span<const unsigned char> octets);
[[nodiscard]] std::string hex(std::string_view octets);
}
