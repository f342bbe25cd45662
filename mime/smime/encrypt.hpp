// mime/smime/encrypt.hpp: encrypts a MIME entity as application/pkcs7-mime (RFC 8551 §3.3): EnvelopedData with
// AES-256-CBC, or AuthEnvelopedData with AES-256-GCM (RFC 5083, 5084) to those who announced it. RSA keys get PKCS #1
// v1.5 or OAEP with SHA-256 (RFC 3560); EC keys ECDH with the SHA-256 KDF and AES-256 key wrap, parameters absent (RFC
// 5753 §7). The certificates are used as given: certs::check_recipient comes first. Safe from any thread. Errors:
// smime_errc::{not_canonical, no_recipient, unsupported_key, encryption_failed}.
#pragma once

#include "certs/certificate.hpp"
#include "mime/smime/errc.hpp"
#include "mime/smime/sign.hpp"

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace mime::smime {
enum class content_cipher { aes_256_cbc, aes_256_gcm };
enum class rsa_transport { pkcs1_v15, oaep_sha256 };

struct encrypt_options {
    content_cipher cipher = content_cipher::aes_256_cbc;
    rsa_transport rsa = rsa_transport::pkcs1_v15;
    std::string_view fields_before = {};  // outer header fields, whole lines, to stand before the entity
};

// Result: `fields_before` as they are, each ended by CRLF, MIME-Version among them; then the entity from its
// Content-Type on. All arguments are borrowed for the call.
[[nodiscard]] result<std::string> encrypt(std::string_view entity, std::span<const certs::certificate> recipients,
                                          const encrypt_options& options = {});

// The `smime` profile: multipart/signed inside, encrypted outside. `entity` holds the protected header fields.
struct seal_options {
    sign_options sign = {};
    encrypt_options encrypt = {};
};
[[nodiscard]] result<std::string> sign_then_encrypt(std::string_view entity, const signer& by,
                                                    std::span<const certs::certificate> recipients,
                                                    std::chrono::sys_seconds at, const seal_options& options = {});
}
