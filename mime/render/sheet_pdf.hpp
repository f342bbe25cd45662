// mime/render/sheet_pdf.hpp: a PDF of blocks that we wrote ourselves: reports and statements for people, in French.
// Tagged, deterministic, as letter_pdf.hpp; its foot line and page numbers are artifacts. Pure, any thread;
// milliseconds.
#pragma once

#include <string>
#include <vector>

#include "mime/cda/narrative_blocks.hpp"

namespace mime::render {
struct sheet {
    std::string title;    // of the file's metadata
    std::string created;  // 20261120133005, UTC
    std::string foot;     // on each page
    std::vector<cda::narrative_block> blocks;
};
[[nodiscard]] std::string sheet_pdf(const sheet& from, std::size_t max_pages = 100);
}
