// certs/recipient_check.hpp: may a mail to this address be encrypted with this certificate, at this instant? (RFC 8550)
// Pure, safe from any thread. Revocation is not looked at here.
#pragma once

#include "certs/certificate.hpp"
#include "certs/result.hpp"
#include "certs/trust_anchors.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string_view>

namespace certs {
enum class address_binding {
    address,  // a SAN rfc822Name is the address
    domain,   // a SAN dNSName is the address's domain: one certificate for all its mailboxes
};

// Local parts compare octet by octet, domains without regard to ASCII case (RFC 5280 §7.5). No wildcard counts.
// nullopt: neither, or `address` is not local@domain.
[[nodiscard]] std::optional<address_binding> binding_to(const certificate& owner, std::string_view address);

// Errors: errc::weak_key (also a key that cannot receive: neither RSA ≥ 2048 nor EC), untrusted_issuer, expired,
// not_yet_valid, issuer_expired, wrong_key_usage, address_mismatch.
[[nodiscard]] result<address_binding> check_recipient(const certificate& owner,
                                                      std::span<const certificate> intermediates,
                                                      const trust_anchors& anchors, std::string_view address,
                                                      std::chrono::sys_seconds at);
}
