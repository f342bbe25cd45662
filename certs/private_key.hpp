// certs/private_key.hpp: a private key (RSA or EC), cheap to copy; wiped from memory when the last copy goes.
// Input: PEM without passphrase (PKCS #8, or the older RSA and EC forms). A passphrase is never asked for on a
// terminal. Errors: errc::malformed_key, exposed_key, unreadable_file, too_large. Threads: safe to share.
#pragma once

#include "certs/certificate.hpp"
#include "certs/result.hpp"

#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

namespace certs {
namespace openssl {
struct key_handle;
}

class private_key {
public:
    // True if the certificate's public key is this key's. A pair that does not match would sign what nobody can verify.
    [[nodiscard]] bool matches(const certificate& owner) const noexcept;
    [[nodiscard]] key_algorithm algorithm() const noexcept;
    // See certs/openssl/handles.hpp. Lives as long as the value.
    [[nodiscard]] const openssl::key_handle& handle() const noexcept { return *handle_; }

private:
    explicit private_key(std::shared_ptr<const openssl::key_handle> read) : handle_(std::move(read)) {}
    friend result<private_key> read_private_key(std::string_view pem);
    std::shared_ptr<const openssl::key_handle> handle_;
};

[[nodiscard]] result<private_key> read_private_key(std::string_view pem);
// Refuses a file that its group or others may read or write (errc::exposed_key).
[[nodiscard]] result<private_key> load_private_key(const std::filesystem::path& file);
}
