// relay/pipeline/ports/vault.hpp: what the pipeline needs to keep content unreadable at rest (design.md §3.4).
// Implemented by relay/vault. Objects: AES-256-GCM under a data key of their own, wrapped by the node key, bound to
// their id. Fields: short texts under a key derived from the node key, bound to a context word, so that they cannot be
// swapped. All calls are pure CPU and safe from any thread; a wrong key or a changed byte is an error, never other
// bytes.
#pragma once

#include <string>
#include <string_view>

#include "relay/base/result.hpp"
#include "relay/pipeline/model.hpp"

namespace relay::pipeline::ports {
struct sealed_object {
    blob_id id;  // random
    std::string wrapped_key;
    std::string ciphertext;    // nonce, ciphertext, tag
    std::uint64_t length = 0;  // of the clear bytes
    std::string sha256;        // of the clear bytes, 32 octets
};

// A field under a key of its own: once that key is gone, nobody opens it any more.
struct keyed_field {
    std::string wrapped_key;  // by the node key
    std::string sealed;
};

class vault {
public:
    virtual ~vault() = default;
    [[nodiscard]] virtual sealed_object seal(std::string_view clear) const = 0;
    [[nodiscard]] virtual result<std::string> open(const sealed_object& object) const = 0;
    [[nodiscard]] virtual std::string seal_field(std::string_view context, std::string_view clear) const = 0;
    [[nodiscard]] virtual result<std::string> open_field(std::string_view context, std::string_view sealed) const = 0;
    [[nodiscard]] virtual keyed_field seal_keyed(std::string_view context, std::string_view clear) const = 0;
    [[nodiscard]] virtual result<std::string> open_keyed(std::string_view context, std::string_view wrapped_key,
                                                         std::string_view sealed) const = 0;
    // Keyed HMAC-SHA-256, hex: for matching identities without keeping them. `domain` separates kinds of values.
    [[nodiscard]] virtual std::string match_key(std::string_view domain, std::string_view value) const = 0;
};
}
