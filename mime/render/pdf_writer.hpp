// mime/render/pdf_writer.hpp: writes one tagged PDF file of A4 pages: text in two embedded fonts, thin lines, a tree of
// structure, artifacts, metadata. ISO 32000-1 §14.7, §14.8 (structure, tagged PDF); written after the rules of
// PDF/A-2a (ISO 19005-2: XMP, output intent, Unicode, language, file id) and saying so; no validator has judged it.
// Deterministic: the same calls give the same bytes. Points, from the lower left corner. One object, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/render/fonts.hpp"

namespace mime::render {
class pdf_objects;

struct pdf_facts {
    std::string title;     // UTF-8
    std::string language;  // "fr-FR"
    std::string created;   // 20261120133005, UTC; empty: not said
};

inline constexpr double page_width = 595.28;  // A4
inline constexpr double page_height = 841.89;

// Width of UTF-8 text. Characters without a glyph count as the sign that replaces them.
[[nodiscard]] double text_width(std::string_view text, font_weight weight, double size);

class pdf_writer {
public:
    explicit pdf_writer(pdf_facts facts);

    using element = std::size_t;  // of the structure tree
    static constexpr element document = 0;
    // `attributes`: a PDF dictionary's inside for /A, or nothing.
    element add(element parent, std::string_view type, std::string_view attributes = {});

    using page = std::size_t;
    page add_page();  // and draws on it from now on
    [[nodiscard]] std::size_t pages() const noexcept { return pages_.size(); }
    void draw_on(page number) { current_ = number; }

    void text(element of, double x, double baseline, double size, font_weight weight, std::string_view utf8);
    void artifact_text(double x, double baseline, double size, font_weight weight, std::string_view utf8);
    void artifact_box(double x, double y, double width, double height);
    void artifact_line(double x, double y, double width);

    [[nodiscard]] std::string finish();

private:
    struct kid {  // of an element: marked content of a page, or another element
        bool is_element;
        std::size_t page;
        std::size_t number;
    };
    struct node {
        std::string type;
        std::string attributes;
        element parent;
        std::vector<kid> kids;
    };
    struct sheet {
        std::string content;
        std::vector<element> marks;   // by MCID
        std::optional<element> open;  // its marked content goes on
    };
    struct used_font {
        std::vector<std::uint16_t> glyphs = {0};  // by CID
        std::vector<char32_t> characters = {0xFFFD};
        std::map<char32_t, std::uint16_t> numbers;
    };

    void show(double x, double baseline, double size, font_weight weight, std::string_view utf8);
    void write_font(pdf_objects& out, std::size_t first, font_weight weight) const;
    void write_pages(pdf_objects& out, std::size_t list, std::size_t fonts, std::size_t first) const;
    void write_structure(pdf_objects& out, std::size_t root, std::size_t first_page) const;
    static void end_mark(sheet& on);
    std::string& artifact();  // the page's content, an artifact begun

    pdf_facts facts_;
    std::vector<node> nodes_;
    std::vector<sheet> pages_;
    page current_ = 0;
    used_font fonts_[2];
};
}
