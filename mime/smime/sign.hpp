// mime/smime/sign.hpp: signs a MIME entity as multipart/signed (RFC 8551 §3.5.3, RFC 1847), detached CMS SignedData
// (RFC 5652) with SHA-256, the signer's certificates, signingTime and what we can open (SMIMECapabilities).
// RSA ≥ 2048 (PKCS #1 v1.5, PSS by option) or EC (ECDSA, P-256 in practice).
// Pure but for the random boundary: the instant is given. Safe from any thread. Takes some milliseconds: a worker's
// job. Errors: smime_errc::{not_canonical, key_mismatch, unsupported_key, signing_failed}.
#pragma once

#include "certs/certificate.hpp"
#include "certs/private_key.hpp"
#include "mime/smime/errc.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace mime::smime {
struct signer {
    certs::private_key key;
    certs::certificate certificate;
    std::vector<certs::certificate> intermediates = {};  // sent along, so that receivers find the chain
};

enum class rsa_signature { pkcs1_v15, pss };

struct sign_options {
    rsa_signature rsa = rsa_signature::pkcs1_v15;
};

// `entity`: MIME header fields, empty line, body. Bare LF becomes CRLF (RFC 8551 §3.1.1); bare CR and NUL are refused.
// Result: an entity too, which starts with Content-Type, so that other header fields can be put in front of it.
[[nodiscard]] result<std::string> sign(std::string_view entity, const signer& by, std::chrono::sys_seconds at,
                                       const sign_options& options = {});

// The canonical form that is signed and encrypted: a view of `entity` where it is in that form already, else of `room`,
// which is empty before. Borrows from both. Error: smime_errc::not_canonical.
[[nodiscard]] result<std::string_view> canonical_view(std::string_view entity, std::string& room);
}
