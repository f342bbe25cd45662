// mime/render/fonts.hpp: the two fonts of our PDF files, DejaVu Sans and DejaVu Sans Bold (free to embed), part of the
// program: the same bytes on every machine, nothing to install, and no page of memory until the first letter that needs
// one. Any thread; lives as long as the process.
#pragma once

#include "mime/render/truetype.hpp"

namespace mime::render {
enum class font_weight { regular, bold };

[[nodiscard]] const truetype_font& embedded_font(font_weight weight);  // read at the first call
}
