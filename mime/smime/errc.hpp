// mime/smime/errc.hpp: what can go wrong when a mail is sealed or opened. Messages name the fault, never a value.
// Chains and certificates report with certs::errc instead.
#pragma once

#include "mime/text/result.hpp"

#include <type_traits>

namespace mime::smime {
enum class smime_errc {
    not_canonical = 1,    // the entity to sign or encrypt holds NUL, or CR without LF
    key_mismatch,         // the private key is not the certificate's
    unsupported_key,      // neither RSA ≥ 2048 nor an allowed EC curve
    no_recipient,         // nobody to encrypt to
    signing_failed,       // the crypto library refused
    encryption_failed,    // the crypto library refused
    too_large,            // open_limits::max_octets
    too_many_layers,      // open_limits::max_layers
    too_many_signers,     // open_limits::max_signers, max_certificates, max_recipients
    malformed_entity,     // header, transfer encoding or multipart/signed structure
    malformed_cms,        // not one whole CMS object (RFC 5652)
    unsupported_content,  // a CMS type that is neither signed nor enveloped, or without content
    not_a_recipient,      // not encrypted to this certificate
    decryption_failed,    // wrong key, changed bytes or unknown cipher: not told apart on purpose
    bad_signature,        // changed bytes, or no certificate for the signature
    weak_algorithm,       // signed with a digest other than SHA-256, 384 or 512
};

[[nodiscard]] const boost::system::error_category& smime_category() noexcept;

[[nodiscard]] inline boost::system::error_code make_error_code(smime_errc value) noexcept
{
    return {static_cast<int>(value), smime_category()};
}
}

template <>
struct boost::system::is_error_code_enum<mime::smime::smime_errc> : std::true_type {
};
