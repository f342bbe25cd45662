// mime/render/flow.hpp: lays blocks out on pages from top to bottom: headings, paragraphs, list items, labelled lines
// and tables whose head is repeated. Breaks lines at blanks and, where a word is wider than its column, anywhere. Stops
// at max_pages: is_full() says so, and later calls draw nothing. One object, one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mime/cda/narrative_blocks.hpp"
#include "mime/render/pdf_writer.hpp"

namespace mime::render {
class flow {
public:
    flow(pdf_writer& to, std::size_t max_pages);

    void heading(std::size_t level, std::string_view text);  // 1: the title
    void paragraph(std::string_view text);
    void labelled(std::string_view label, std::string_view text);  // nothing if the text is empty
    // Items that follow each other make one list for each level.
    void item(std::size_t level, std::string_view marker, std::string_view text);
    void table(const cda::narrative_table& table);
    void gap(double points) { y_ -= points; }
    void rule();  // a thin line across the page

    // One page more whatever the limit, for what is to be said about being full.
    void last_page();
    [[nodiscard]] bool is_full() const noexcept { return full_; }

private:
    struct placed {  // a cell, its text broken into lines
        double x, width;
        std::vector<std::string> lines;
        font_weight weight;
        pdf_writer::element element;
    };
    enum class row_kind { head, body };
    enum class drawing { first, repeated };  // what is repeated is an artifact
    struct grid {
        std::vector<double> widths;
        std::size_t columns = 0;
    };

    [[nodiscard]] bool make_room(double height);
    void new_page();
    void lines(pdf_writer::element of, const std::vector<std::string>& text, double x, double size, font_weight weight);
    [[nodiscard]] pdf_writer::element list_at(std::size_t level);
    void end_lists() { lists_.clear(); }

    [[nodiscard]] static std::size_t lines_of(const std::vector<placed>& cells);
    [[nodiscard]] static grid measured(const cda::narrative_table& table);
    [[nodiscard]] std::vector<placed> place(const cda::narrative_row& row, const grid& in, row_kind kind,
                                            std::vector<std::size_t>& busy, pdf_writer::element parent);
    void draw_row(std::vector<placed>& cells, const std::vector<std::vector<placed>>& head);
    void draw_cells(std::vector<placed>& cells, std::size_t from, std::size_t count, drawing as);
    void repeat_head(const std::vector<std::vector<placed>>& head);

    pdf_writer& to_;
    std::size_t max_pages_;
    double y_ = 0;
    bool full_ = false;
    std::vector<pdf_writer::element> lists_;  // open ones, outermost first
    pdf_writer::element last_item_ = 0;
};

// Broken to fit `width`; LF ends a line. Never empty. Lines that go on keep their blank, so that words stay apart for
// whoever reads the text and not the page.
[[nodiscard]] std::vector<std::string> broken_lines(std::string_view text, font_weight weight, double size,
                                                    double width);
}
