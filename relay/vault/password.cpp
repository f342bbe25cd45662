#include "relay/vault/password.hpp"

#include <array>
#include <stdexcept>

#include <argon2.h>
#include <openssl/rand.h>

namespace relay::vault {
namespace {
constexpr std::uint32_t passes = 2;
constexpr std::uint32_t memory_kib = 19 * 1024;
constexpr std::uint32_t lanes = 1;
constexpr std::size_t salt_octets = 16;
constexpr std::size_t hash_octets = 32;

// Hash of nothing anyone knows, made once, to spend the same time on unknown users.
const std::string& decoy()
{
    static const std::string hash = [] {
        std::array<char, 32> unknown{};
        if (RAND_bytes(reinterpret_cast<unsigned char*>(unknown.data()), static_cast<int>(unknown.size())) != 1)
            throw std::runtime_error("no random bytes");
        return hash_password({unknown.data(), unknown.size()});
    }();
    return hash;
}
}

std::string hash_password(std::string_view password)
{
    if (password.size() > max_password_octets) throw std::invalid_argument("password too long");
    std::array<unsigned char, salt_octets> salt{};
    if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) throw std::runtime_error("no random bytes");
    std::string encoded(argon2_encodedlen(passes, memory_kib, lanes, salt_octets, hash_octets, Argon2_id), '\0');
    const int code = argon2id_hash_encoded(passes, memory_kib, lanes, password.data(), password.size(), salt.data(),
                                           salt.size(), hash_octets, encoded.data(), encoded.size());
    if (code != ARGON2_OK) throw std::runtime_error(argon2_error_message(code));
    encoded.resize(encoded.find('\0'));
    return encoded;
}

bool verify_password(std::string_view hash, std::string_view password)
{
    // Length is no secret: refusing early tells nothing about the user.
    if (password.size() > max_password_octets) return false;
    const bool usable = hash.starts_with("$argon2id$");
    const std::string encoded(usable ? hash : std::string_view(decoy()));
    const int code = argon2id_verify(encoded.c_str(), password.data(), password.size());
    if (usable && code != ARGON2_OK && code != ARGON2_VERIFY_MISMATCH)  // malformed: spend the time all the same
        (void)argon2id_verify(decoy().c_str(), password.data(), password.size());
    return usable && code == ARGON2_OK;
}
}
