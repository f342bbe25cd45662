// mime/cda/document_types.hpp: the discharge documents Liaison can write by itself, with their labels (JDV_J07, a
// part), and the encounter types behind PV1-2 (JDV_J142). Documents that arrive as CDA may have any type. Pure, any
// thread.
#pragma once

#include <optional>
#include <string_view>

#include "mime/cda/parties.hpp"

namespace mime::cda {
[[nodiscard]] std::optional<coded> document_type(std::string_view code);    // 11490-0, 34112-3, …
[[nodiscard]] std::optional<coded> encounter_type(std::string_view pv1_2);  // I E O R N
[[nodiscard]] std::optional<coded> facility_type(std::string_view code);    // SA01 to SA05, SA07, SA08

// Is it in JDV_J07_XdsTypeCode (1.2.250.1.213.1.1.5.471, 2024-09-27)? The list moves: a type outside it is told, not
// refused.
[[nodiscard]] bool is_listed_type(const coded& type);
}
