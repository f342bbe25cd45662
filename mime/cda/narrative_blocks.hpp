// mime/cda/narrative_blocks.hpp: the narrative of a structured document (CDA R2 §4.3.5) as a flat sequence of headings,
// paragraphs, list items and tables in reading order, for whoever lays it out. Text is UTF-8 with blanks collapsed; LF
// is a line break of the author. Styles, links and references are not kept; an image is a paragraph that says so.
// Whatever passes a limit is left out and `cut` says so. Pure, any thread; no input throws; borrows nothing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "mime/cda/document.hpp"

namespace mime::cda {
struct narrative_cell {
    std::string text;
    std::size_t columns = 1;  // colspan
    std::size_t rows = 1;     // rowspan
    bool is_heading = false;  // th
};

struct narrative_row {
    std::vector<narrative_cell> cells;
};

struct narrative_table {
    std::string caption;
    std::size_t head_rows = 0;  // the first rows, of thead
    std::vector<narrative_row> rows;
};

enum class block_kind { heading, paragraph, item, table };

struct narrative_block {
    block_kind kind = block_kind::paragraph;
    std::size_t level = 0;  // heading: depth of the section, from 1; item: depth of the list, from 1
    std::string marker;     // item: "•" or "1."
    std::string text;
    narrative_table table = {};
};

struct narrative_limits {
    std::size_t max_text_octets = 2 * 1024 * 1024;  // in all
    std::size_t max_blocks = 20'000;
    std::size_t max_rows = 10'000;  // in all
    std::size_t max_columns = 24;   // of one table, cells of several columns counted as several
};

struct narrative_sequence {
    std::vector<narrative_block> blocks;
    bool cut = false;
};

// Empty for N1.
[[nodiscard]] narrative_sequence narrative_blocks(const cda_document& document, const narrative_limits& limits = {});
}
