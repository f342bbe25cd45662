// mime/render/measures.hpp: the lay-out of our pages, in points. For the source files of mime/render only.
#pragma once

#include "mime/render/pdf_writer.hpp"

namespace mime::render {
inline constexpr double margin = 56;  // 2 cm
inline constexpr double top = page_height - margin;
inline constexpr double bottom = margin + 14;  // above the foot line
inline constexpr double measure = page_width - 2 * margin;
inline constexpr double body_size = 9.5;
inline constexpr double table_size = 8.5;
inline constexpr double foot_size = 7.5;
inline constexpr double line_height = 1.35;  // times the size
inline constexpr double list_indent = 16;
inline constexpr double label_width = 120;
inline constexpr double cell_padding = 3;
}
