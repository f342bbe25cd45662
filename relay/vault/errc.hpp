// relay/vault/errc.hpp: what can go wrong in the vault. The texts say what to do next and never hold a value or a path.
#pragma once

#include <string>
#include <type_traits>

#include "relay/base/result.hpp"

namespace relay::vault {
enum class vault_errc {
    not_authentic = 1,  // wrong key, wrong id or context, or a changed byte: not told apart
    length_mismatch,    // opened, but not of the recorded length or SHA-256
    key_file_unreadable,
    key_file_exposed,
    key_file_malformed,
    key_file_exists,
    key_file_unwritable,
};

[[nodiscard]] const boost::system::error_category& vault_errors() noexcept;
[[nodiscard]] inline error_code make_error_code(vault_errc code) noexcept
{
    return {static_cast<int>(code), vault_errors()};
}
}

template <>
struct boost::system::is_error_code_enum<relay::vault::vault_errc> : std::true_type {
};
