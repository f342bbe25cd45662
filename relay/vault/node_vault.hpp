// relay/vault/node_vault.hpp: objects and fields encrypted at rest under the node key (design.md §3.4).
// Objects: AES-256-GCM (NIST SP 800-38D), random 96-bit nonce, a data key of their own wrapped with AES-256-KW (RFC
// 3394), associated data = blob id and length. Fields: AES-256-GCM under a derived key, associated data = context.
// Match keys: HMAC-SHA-256. The working keys are derived from the node key by HKDF-SHA-256 (RFC 5869), one per use.
// Limits: one object up to 1 GiB; a field key takes 2^32 fields before its random nonces need a new node key.
// Errors: vault_errc::not_authentic, ::length_mismatch. std::runtime_error if OpenSSL has no memory or random bytes.
// Pure CPU, const, safe from any thread. Keys are wiped when the vault goes.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "relay/pipeline/ports/vault.hpp"
#include "relay/vault/node_key.hpp"

namespace relay::vault {
inline constexpr std::size_t max_object_octets = std::size_t{1} << 30U;

class node_vault final : public pipeline::ports::vault {
public:
    explicit node_vault(const node_key& key);
    node_vault(const node_vault&) = delete;
    node_vault& operator=(const node_vault&) = delete;
    ~node_vault() override;

    [[nodiscard]] pipeline::ports::sealed_object seal(std::string_view clear) const override;
    [[nodiscard]] result<std::string> open(const pipeline::ports::sealed_object& object) const override;
    // The sealed form is bytes, not text: format octet, nonce, ciphertext, tag.
    [[nodiscard]] std::string seal_field(std::string_view context, std::string_view clear) const override;
    [[nodiscard]] result<std::string> open_field(std::string_view context, std::string_view sealed) const override;
    [[nodiscard]] pipeline::ports::keyed_field seal_keyed(std::string_view context,
                                                          std::string_view clear) const override;
    [[nodiscard]] result<std::string> open_keyed(std::string_view context, std::string_view wrapped_key,
                                                 std::string_view sealed) const override;
    [[nodiscard]] std::string match_key(std::string_view domain, std::string_view value) const override;

    using working_key = std::array<unsigned char, 32>;

private:
    working_key wrap_key_{};
    working_key field_key_{};
    class keyed_hash;
    std::unique_ptr<const keyed_hash> match_hash_;
};
}
