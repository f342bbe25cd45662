#include "mime/render/rate_chart.hpp"

#include <algorithm>
#include <memory>

#include <cairo.h>

namespace mime::render {
namespace {
// Pixels.
constexpr int width = 860;
constexpr double left = 270, bar_room = 360, right_text = left + bar_room + 10;
constexpr double top = 74, row_height = 44, bar_height = 14, foot = 24;

struct colour {
    double red, green, blue;
};
constexpr colour ink{0.13, 0.13, 0.16}, pale{0.84, 0.85, 0.88}, first_colour{0.06, 0.30, 0.55},
    second_colour{0.53, 0.72, 0.87};

struct end_surface {
    void operator()(cairo_surface_t* one) const noexcept { cairo_surface_destroy(one); }
};
struct end_context {
    void operator()(cairo_t* one) const noexcept { cairo_destroy(one); }
};
using surface_ptr = std::unique_ptr<cairo_surface_t, end_surface>;
using context_ptr = std::unique_ptr<cairo_t, end_context>;

cairo_status_t append(void* into, const unsigned char* octets, unsigned int count)
{
    try {
        static_cast<std::string*>(into)->append(reinterpret_cast<const char*>(octets), count);
        return CAIRO_STATUS_SUCCESS;
    } catch (...) {  // not through C frames
        return CAIRO_STATUS_NO_MEMORY;
    }
}

// By characters of UTF-8, never inside one.
std::string shortened(const std::string& text, std::size_t most)
{
    std::size_t characters = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if ((static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) continue;
        if (++characters > most) return text.substr(0, at) + "…";
    }
    return text;
}

class drawing {
public:
    drawing(cairo_t* on, int height) : on_(on)
    {
        cairo_set_source_rgb(on_, 1, 1, 1);
        cairo_rectangle(on_, 0, 0, width, height);
        cairo_fill(on_);
    }
    void text(double x, double y, const std::string& what, double size, cairo_font_weight_t weight)
    {
        cairo_select_font_face(on_, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, weight);
        cairo_set_font_size(on_, size);
        paint(ink);
        cairo_move_to(on_, x, y);
        cairo_show_text(on_, what.c_str());
    }
    void text(double x, double y, const std::string& what) { text(x, y, what, 12, CAIRO_FONT_WEIGHT_NORMAL); }
    void box(double x, double y, double wide, double high, const colour& filled)
    {
        paint(filled);
        cairo_rectangle(on_, x, y, wide, high);
        cairo_fill(on_);
    }
    void bar(double y, const rate_bar& one, const colour& filled)
    {
        box(left, y, bar_room, bar_height, pale);
        if (one.value) box(left, y, bar_room * std::clamp(*one.value, 0.0, 1.0), bar_height, filled);
        text(right_text, y + bar_height - 3, one.text);
    }
    void legend(const rate_chart& chart)
    {
        box(left, 44, 12, 12, first_colour);
        text(left + 18, 55, chart.first_name);
        box(left + 190, 44, 12, 12, second_colour);
        text(left + 208, 55, chart.second_name);
    }

private:
    void paint(const colour& with) { cairo_set_source_rgb(on_, with.red, with.green, with.blue); }
    cairo_t* on_;
};
}

std::string draw_rates(const rate_chart& chart, const chart_limits& limits)
{
    const std::size_t rows = std::min(chart.rows.size(), limits.max_rows);
    const bool cut = rows < chart.rows.size();
    const int height = static_cast<int>(top + row_height * static_cast<double>(rows) + foot + (cut ? 20 : 0));
    const surface_ptr surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
    const context_ptr context(cairo_create(surface.get()));
    drawing on(context.get(), height);
    on.text(14, 26, chart.title, 15, CAIRO_FONT_WEIGHT_BOLD);
    on.legend(chart);
    for (std::size_t at = 0; at < rows; ++at) {
        const double y = top + row_height * static_cast<double>(at);
        const rate_pair& row = chart.rows[at];
        on.text(14, y + bar_height + 4, shortened(row.label, limits.max_label_characters));
        on.bar(y, row.first, first_colour);
        on.bar(y + bar_height + 3, row.second, second_colour);
    }
    if (cut)
        on.text(14, top + row_height * static_cast<double>(rows) + 14,
                "et " + std::to_string(chart.rows.size() - rows) + " autres");
    std::string png;
    if (cairo_surface_write_to_png_stream(surface.get(), append, &png) != CAIRO_STATUS_SUCCESS) return {};
    return png;
}
}
