// relay/vault/node_key.hpp: the node key, 32 random bytes in a file of mode 0600 (design.md §3.4).
// Whoever holds it can read the store; without it the store cannot be read: back it up apart from the data.
// Errors: vault_errc::key_file_*. Not for hot paths: read once at start.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "relay/base/result.hpp"

namespace relay::vault {
inline constexpr std::size_t node_key_octets = 32;

// Wiped when it goes; moving wipes the source. Has no formatter on purpose.
class node_key {
public:
    explicit node_key(const std::array<unsigned char, node_key_octets>& bytes) : bytes_(bytes) {}
    node_key(node_key&& other) noexcept;
    node_key& operator=(node_key&& other) noexcept;
    node_key(const node_key&) = delete;
    node_key& operator=(const node_key&) = delete;
    ~node_key();
    [[nodiscard]] const std::array<unsigned char, node_key_octets>& bytes() const noexcept { return bytes_; }

private:
    void wipe() noexcept;
    std::array<unsigned char, node_key_octets> bytes_;
};

// Refuses a file that is not regular, that group or others may touch, that another user (but root) owns, or of another
// size.
[[nodiscard]] result<node_key> load_node_key(const std::string& path);

// Makes a new key file, synced with its folder. Never overwrites one.
[[nodiscard]] result<void> make_node_key(const std::string& path);
}
