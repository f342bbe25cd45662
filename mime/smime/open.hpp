// mime/smime/open.hpp: opens what S/MIME closed: decrypts, verifies, layer by layer, until the entity inside is bare
// (RFC 8551, 5652, 5083). Reads enveloped and authEnveloped data, opaque and multipart/signed signatures, in any order;
// BER and DER; RSA PKCS #1 v1.5 and OAEP, ECDH with wrap parameters absent or NULL. A message/rfc822 inside is given as
// it is. Fails closed: a wrong signature or a signer without a chain to an anchor gives no entity at all. What the
// caller must judge is told as findings: CBC without a signature inside can be changed by others (EFAIL), so
// `not_signed` matters. Pure: the instant is given. Safe from any thread. Errors: smime_errc from too_large on;
// certs::errc when the signer's chain, dates, use or strength is refused.
#pragma once

#include "certs/certificate.hpp"
#include "certs/private_key.hpp"
#include "certs/trust_anchors.hpp"
#include "mime/smime/errc.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::smime {
struct open_limits {
    std::size_t max_octets = 40 * 1024 * 1024;  // of the input; what is inside is never larger
    std::size_t max_layers = 4;
    int max_signers = 4;
    int max_certificates = 32;
    int max_recipients = 100;
};

enum class protection { enveloped, auth_enveloped, signed_opaque, signed_multipart };

enum class finding {
    not_encrypted = 1,
    not_signed,
    signer_address_mismatch,  // no signer's certificate is bound to the From address or its domain
};

struct opened {
    std::string entity;              // exactly the bytes that were signed or encrypted
    std::vector<protection> layers;  // outermost first
    // Of the innermost signature: the signer bound to the From address, or else the first.
    std::optional<certs::certificate> signer;
    std::optional<std::chrono::sys_seconds> signing_time;  // as the signer claims
    std::vector<finding> findings;
    [[nodiscard]] bool has(finding wanted) const noexcept;
};

// `from_address`: the addr-spec of the mail's From field, without brackets.
[[nodiscard]] result<opened> open(std::string_view message_or_entity, const certs::private_key& key,
                                  const certs::certificate& certificate, const certs::trust_anchors& anchors,
                                  std::chrono::sys_seconds at, std::string_view from_address,
                                  const open_limits& limits = {});

// The same for what is signed only, by whoever holds no key: an encrypted layer is smime_errc::not_a_recipient.
[[nodiscard]] result<opened> open_signed(std::string_view message_or_entity, const certs::trust_anchors& anchors,
                                         std::chrono::sys_seconds at, std::string_view from_address,
                                         const open_limits& limits = {});
}
