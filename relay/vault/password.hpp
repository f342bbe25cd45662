// relay/vault/password.hpp: passwords of hosted mailboxes as argon2id encoded hashes (RFC 9106).
// 19 MiB, two passes, one lane: about 20 ms. Safe from any thread; blocking CPU, so worker threads only.
#pragma once

#include <string>
#include <string_view>

namespace relay::vault {
inline constexpr std::size_t max_password_octets = 1024;

// Throws std::runtime_error if memory or random bytes are missing, std::invalid_argument over max_password_octets.
[[nodiscard]] std::string hash_password(std::string_view password);

// False for anything but the right password. An empty or malformed hash costs as much time as a real one, so that an
// unknown user cannot be told from a wrong password by the clock: pass "" for an unknown user.
[[nodiscard]] bool verify_password(std::string_view hash, std::string_view password);
}
