// mime/cda/header_reader.hpp: the header of one ClinicalDocument element as plain values (CDA R2 §4.2). For the source
// files of mime/cda only. Absent or null parts stay empty; nothing is judged here.
#pragma once

#include <pugixml.hpp>

#include "mime/cda/document.hpp"

namespace mime::cda::detail {
[[nodiscard]] header read_header(const pugi::xml_node& root);
}
