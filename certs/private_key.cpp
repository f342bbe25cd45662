#include "certs/private_key.hpp"

#include "certs/errc.hpp"
#include "certs/file.hpp"
#include "certs/openssl/error.hpp"
#include "certs/openssl/handles.hpp"

#include <openssl/pem.h>

namespace certs {
namespace {
constexpr std::size_t max_key_octets = 64 * 1024;

// Without it OpenSSL would ask on the terminal of whoever started the daemon.
int no_passphrase(char*, int, int, void*)
{
    return -1;
}
}

result<private_key> read_private_key(std::string_view pem)
{
    const openssl::quiet_queue quiet;
    if (pem.size() > max_key_octets) return errc::too_large;
    const openssl::bio_ptr source = openssl::reading(pem);
    if (!source) return openssl::take_error(errc::malformed_key);
    openssl::pkey_ptr key(PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr));
    if (!key) return openssl::take_error(errc::malformed_key);
    return private_key(std::make_shared<const openssl::key_handle>(openssl::key_handle{std::move(key)}));
}

result<private_key> load_private_key(const std::filesystem::path& file)
{
    const auto bytes = load_file(file, max_key_octets, file_access::owner_only);
    if (!bytes.has_value()) return bytes.error();
    return read_private_key(bytes->view());
}

bool private_key::matches(const certificate& owner) const noexcept
{
    const openssl::quiet_queue quiet;
    // Compares public parts only; both are borrowed.
    return X509_check_private_key(owner.handle().value.get(), handle_->value.get()) == 1;
}

key_algorithm private_key::algorithm() const noexcept
{
    const EVP_PKEY* key = handle_->value.get();
    if (EVP_PKEY_is_a(key, "RSA") == 1) return key_algorithm::rsa;
    if (EVP_PKEY_is_a(key, "EC") != 1) return key_algorithm::other;
    char curve[64];
    std::size_t size = 0;
    const bool named = EVP_PKEY_get_group_name(key, curve, sizeof curve, &size) == 1;
    return named && std::string_view(curve, size) == SN_X9_62_prime256v1 ? key_algorithm::ec_p256
                                                                         : key_algorithm::ec_other;
}
}
