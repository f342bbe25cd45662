// relay/store/sealing.hpp: contexts under which the store seals its own fields, and the lower-casing behind its match
// keys. Private to relay/store.
#pragma once

#include <string>
#include <string_view>

#include <boost/system/system_error.hpp>

#include "relay/pipeline/ports/vault.hpp"

namespace relay::store {
// Throws boost::system::system_error with the vault's error.
[[nodiscard]] inline std::string opened(const pipeline::ports::vault& vault, std::string_view context,
                                        std::string_view sealed)
{
    auto clear = vault.open_field(context, sealed);
    if (!clear) throw boost::system::system_error(clear.error());
    return std::move(*clear);
}

[[nodiscard]] inline std::string answer_context(std::string_view submission_key)
{
    return "answer:" + std::string(submission_key);
}
}
