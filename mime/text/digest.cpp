#include "mime/text/digest.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace mime {
namespace {
template <class Digest>
Digest digest(const char* algorithm, std::string_view octets)
{
    Digest value{};
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, algorithm, nullptr, octets.data(), octets.size(), value.data(), &size) != 1 ||
        size != value.size()) {
        ERR_clear_error();
        throw std::runtime_error("digest not available");
    }
    return value;
}
}

sha256_digest sha256(std::string_view octets)
{
    return digest<sha256_digest>("SHA256", octets);
}

sha1_digest sha1(std::string_view octets)
{
    return digest<sha1_digest>("SHA1", octets);
}

std::string hex(std::span<const unsigned char> octets)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(octets.size() * 2);
    for (const unsigned char octet : octets) {
        text += digits[octet >> 4];
        text += digits[octet & 15];
    }
    return text;
}
}
