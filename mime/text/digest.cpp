#include "mime/text/digest.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace mime {
namespace {
// Looked up once: OpenSSL takes locks for it. Never freed, so that threads that outlive main may still hash.
const EVP_MD* fetched(const char* algorithm)
{
    EVP_MD* const found = EVP_MD_fetch(nullptr, algorithm, nullptr);
    if (found == nullptr) throw std::runtime_error("digest not available");
    return found;
}

template <class Digest>
Digest digest(const EVP_MD* algorithm, std::string_view octets)
{
    Digest value{};
    unsigned size = 0;
    if (EVP_Digest(octets.data(), octets.size(), value.data(), &size, algorithm, nullptr) != 1 ||
        size != value.size()) {
        ERR_clear_error();
        throw std::runtime_error("digest not available");
    }
    return value;
}
}

sha256_digest sha256(std::string_view octets)
{
    static const EVP_MD* const algorithm = fetched("SHA256");
    return digest<sha256_digest>(algorithm, octets);
}

sha1_digest sha1(std::string_view octets)
{
    static const EVP_MD* const algorithm = fetched("SHA1");
    return digest<sha1_digest>(algorithm, octets);
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

std::string hex(std::string_view octets)
{
    return hex(std::span(reinterpret_cast<const unsigned char*>(octets.data()), octets.size()));
}
}
