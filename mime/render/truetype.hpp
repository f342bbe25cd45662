// mime/render/truetype.hpp: what a PDF needs of a TrueType font: which glyph draws a character, how wide it is, and a
// copy of the font with only the glyphs in use, renumbered from 0 (Apple TrueType Reference Manual; ISO 14496-22 tables
// cmap format 4 and 12, glyf, head, hhea, hmtx, loca, maxp). The fonts are our own, embedded at build, so a broken one
// is a bug and not an input: reading outside a table gives zeros, never memory. Immutable once made, any thread;
// borrows the bytes of the font.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mime::render {
class truetype_font {
public:
    explicit truetype_font(std::string_view bytes);

    [[nodiscard]] std::uint16_t glyph_of(char32_t character) const noexcept;  // 0: it has none
    [[nodiscard]] unsigned advance_of(std::uint16_t glyph) const noexcept;    // thousandths of the size

    struct facts {  // thousandths of the size
        int ascent = 0;
        int descent = 0;  // below zero
        int box[4] = {};  // xMin yMin xMax yMax
    };
    [[nodiscard]] const facts& about() const noexcept { return facts_; }

    // A font whose glyph i is glyphs[i]; parts of composed glyphs are added behind them. glyphs[0] is to be 0.
    [[nodiscard]] std::string subset(std::span<const std::uint16_t> glyphs) const;

private:
    [[nodiscard]] std::string_view table(std::string_view tag) const noexcept;
    [[nodiscard]] std::string_view outline_of(std::uint16_t glyph) const noexcept;
    void read_character_map();

    struct range {  // of characters with consecutive glyphs
        char32_t first, last;
        std::uint16_t glyph;
    };

    std::string_view bytes_;
    std::string_view glyf_, loca_, hmtx_;
    std::vector<range> ranges_;  // sorted
    unsigned units_per_em_ = 1000;
    unsigned long_metrics_ = 1;
    unsigned glyphs_ = 0;
    bool long_offsets_ = false;
    facts facts_;
};
}
