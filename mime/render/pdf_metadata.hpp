// mime/render/pdf_metadata.hpp: what PDF/A-2 wants beside the pages: an XMP packet (ISO 16684-1, ISO 19005-2 §6.6) and
// an ICC profile for the output intent (§6.2.3). Pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "mime/render/pdf_writer.hpp"

namespace mime::render {
inline constexpr std::string_view producer = "Liaison";

[[nodiscard]] std::string xmp(const pdf_facts& facts);

// Grey of gamma 2.2 under D50 (ICC.1:2001-04): what our black and greys mean.
[[nodiscard]] std::string grey_profile();
}
