// mime/sidecar/keys.hpp: every key of the sidecar, in one list: what the reader knows, what conf/sidecar.schema.json
// publishes (a test compares them) and what the columns of a CSV file may be called. Pure, any thread.
#pragma once

#include <span>
#include <string_view>

namespace mime::sidecar {
// "patient.ins.oid"; "[]" stands for the number of a list's member: "recipients[].rpps", "establishment.address[]".
[[nodiscard]] std::span<const std::string_view> sidecar_keys() noexcept;

// Whether `path` ("patient.ins", "recipients[3].rpps", "document") is a key, or an object or list that holds keys.
[[nodiscard]] bool is_sidecar_key(std::string_view path);
}
