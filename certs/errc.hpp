// certs/errc.hpp: what can go wrong with certificates and keys. The messages name the fault and what to do, never a
// name, an address or a key.
#pragma once

#include <boost/system/error_code.hpp>

#include <type_traits>

namespace certs {
enum class errc {
    unreadable_file = 1,    // cannot be opened or read, or is no regular file
    too_large,              // over the limits
    malformed_certificate,  // neither PEM nor DER, or an extension that we need does not decode
    no_certificate,         // the input holds no certificate
    malformed_key,          // not an unencrypted PEM private key
    exposed_key,            // the key file is readable by its group or by others
    expired,                // after notAfter
    not_yet_valid,          // before notBefore
    issuer_expired,         // a certificate above it is outside its own dates
    untrusted_issuer,       // no chain to an anchor, or a wrong signature or constraint on the way
    wrong_key_usage,        // keyUsage or extendedKeyUsage does not allow the purpose
    address_mismatch,       // bound neither to the address nor to its domain
    weak_key,               // RSA below 2048 bits, EC below 256, or a weak digest in the chain
};

[[nodiscard]] const boost::system::error_category& certs_category() noexcept;

[[nodiscard]] inline boost::system::error_code make_error_code(errc value) noexcept
{
    return {static_cast<int>(value), certs_category()};
}
}

template <>
struct boost::system::is_error_code_enum<certs::errc> : std::true_type {
};
