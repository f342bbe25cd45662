// certs/trust_anchors.hpp: the certificates we trust, and the check of a chain to one of them (RFC 5280 §6).
// An anchor is a root, or an issuing certificate trusted by itself. Keys and digests below 112 bits of strength are
// refused in the whole chain (RSA 2048, SHA-256; SHA-1 is not). Revocation is not looked at here. Pure: the instant is
// given. Threads: safe to share. Copies share what verify_chain has found to hold.
#pragma once

#include "certs/certificate.hpp"
#include "certs/chain_memo.hpp"
#include "certs/result.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace certs {
namespace openssl {
struct store_handle;
}

class trust_anchors {
public:
    [[nodiscard]] const std::vector<certificate>& certificates() const noexcept { return certificates_; }
    [[nodiscard]] const openssl::store_handle& handle() const noexcept { return *handle_; }
    [[nodiscard]] chain_memo& memo() const noexcept { return *memo_; }

private:
    trust_anchors(std::vector<certificate> all, std::shared_ptr<const openssl::store_handle> store);
    friend trust_anchors make_trust_anchors(std::vector<certificate> all);
    std::vector<certificate> certificates_;
    std::shared_ptr<const openssl::store_handle> handle_;
    std::shared_ptr<chain_memo> memo_ = std::make_shared<chain_memo>();
};

// An empty set is allowed: nothing verifies against it.
[[nodiscard]] trust_anchors make_trust_anchors(std::vector<certificate> all);
[[nodiscard]] result<trust_anchors> read_trust_anchors(std::string_view pem);
[[nodiscard]] result<trust_anchors> load_trust_anchors(const std::filesystem::path& file);

enum class purpose {
    smime_sign,     // digitalSignature or nonRepudiation; emailProtection (RFC 8550 §4.4)
    smime_encrypt,  // keyEncipherment (RSA) or keyAgreement (EC); emailProtection
    tls_server,     // digitalSignature; serverAuth (RFC 8446 §4.4.2.2)
    tls_client,     // digitalSignature; clientAuth
};

struct chain_limits {
    int max_depth = 8;  // intermediates between the certificate and its anchor
};

// In all cases an absent keyUsage or extendedKeyUsage allows everything, and anyExtendedKeyUsage counts, for the
// intermediates too. The order of `intermediates` does not matter; useless ones are ignored.
// Errors: errc::untrusted_issuer, weak_key, wrong_key_usage, expired, not_yet_valid, issuer_expired.
[[nodiscard]] result<void> verify_chain(const certificate& leaf, std::span<const certificate> intermediates,
                                        const trust_anchors& anchors, purpose wanted, std::chrono::sys_seconds at,
                                        const chain_limits& limits = {});
}
