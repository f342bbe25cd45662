#include "mime/render/flow.hpp"

#include <algorithm>

#include "mime/render/measures.hpp"

namespace mime::render {
flow::flow(pdf_writer& to, std::size_t max_pages) : to_(to), max_pages_(max_pages)
{
    new_page();
}

void flow::new_page()
{
    to_.add_page();
    y_ = top;
}

void flow::last_page()
{
    end_lists();
    full_ = false;
    max_pages_ = to_.pages() + 1;
    new_page();
}

bool flow::make_room(double height)
{
    if (full_) return false;
    if (y_ - height >= bottom) return true;
    if (to_.pages() >= max_pages_) {
        full_ = true;
        return false;
    }
    new_page();
    return true;
}

void flow::lines(pdf_writer::element of, const std::vector<std::string>& text, double x, double size,
                 font_weight weight)
{
    for (const std::string& line : text) {
        if (!make_room(size * line_height)) return;
        y_ -= size * line_height;
        to_.text(of, x, y_ + size * (line_height - 1), size, weight, line);
    }
}

void flow::heading(std::size_t level, std::string_view text)
{
    end_lists();
    const double size = level <= 1 ? 15 : level == 2 ? 11.5 : 10.5;
    const auto broken = broken_lines(text, font_weight::bold, size, measure);
    // Not alone at the foot of a page.
    if (!make_room(static_cast<double>(broken.size()) * size * line_height + 3 * body_size * line_height)) return;
    if (y_ < top) y_ -= level <= 1 ? 0 : 8;
    const auto element = to_.add(pdf_writer::document, "H" + std::to_string(std::clamp<std::size_t>(level, 1, 6)));
    lines(element, broken, margin, size, font_weight::bold);
    y_ -= 3;
}

void flow::paragraph(std::string_view text)
{
    end_lists();
    if (full_) return;
    const auto element = to_.add(pdf_writer::document, "P");
    lines(element, broken_lines(text, font_weight::regular, body_size, measure), margin, body_size,
          font_weight::regular);
    y_ -= 4;
}

void flow::labelled(std::string_view label, std::string_view text)
{
    end_lists();
    if (text.empty() || !make_room(body_size * line_height)) return;
    const auto element = to_.add(pdf_writer::document, "P");
    // The blank keeps label and text apart for whoever reads the text and not the page.
    to_.text(element, margin, y_ - body_size, body_size, font_weight::bold, std::string(label) + " ");
    lines(element, broken_lines(text, font_weight::regular, body_size, measure - label_width), margin + label_width,
          body_size, font_weight::regular);
}

pdf_writer::element flow::list_at(std::size_t level)
{
    if (lists_.size() > level) lists_.resize(level);
    while (lists_.size() < level) {
        const auto parent = lists_.empty() ? pdf_writer::document : last_item_;
        lists_.push_back(to_.add(parent, "L"));
        if (lists_.size() < level) last_item_ = to_.add(to_.add(lists_.back(), "LI"), "LBody");
    }
    return lists_.back();
}

void flow::item(std::size_t level, std::string_view marker, std::string_view text)
{
    if (!make_room(body_size * line_height)) return;
    level = std::clamp<std::size_t>(level, 1, 8);  // as far as a page is wide
    const auto entry = to_.add(list_at(level), "LI");
    const auto label = to_.add(entry, "Lbl");
    last_item_ = to_.add(entry, "LBody");
    const double x = margin + list_indent * static_cast<double>(level);
    const double marker_width = text_width(marker, font_weight::regular, body_size);
    to_.text(label, x - std::max(marker_width + 4, 10.0), y_ - body_size, body_size, font_weight::regular,
             std::string(marker) + " ");
    if (text.empty()) return;
    lines(last_item_, broken_lines(text, font_weight::regular, body_size, page_width - margin - x), x, body_size,
          font_weight::regular);
    y_ -= 1;
}

void flow::rule()
{
    if (!make_room(8)) return;
    y_ -= 5;
    to_.artifact_line(margin, y_, measure);
    y_ -= 3;
}
}
