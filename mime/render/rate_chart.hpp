// mime/render/rate_chart.hpp: two rates of each of some services as bars, drawn to a PNG (ISO/IEC 15948) by cairo, for
// the weekly digest. Colours differ in lightness as well, and each bar has its figure beside it: it reads without
// colours. Pure; safe from any thread. No input whatever throws; empty when memory lacks.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mime::render {
struct rate_bar {
    std::optional<double> value;  // 0 to 1; none: no bar
    std::string text;             // "87 %  (26 sur 30)", UTF-8
};
struct rate_pair {
    std::string label;  // UTF-8
    rate_bar first, second;
};
struct rate_chart {
    std::string title;
    std::string first_name, second_name;
    std::vector<rate_pair> rows;
};
struct chart_limits {
    std::size_t max_rows = 30;  // the others are left out, and the last line says so
    std::size_t max_label_characters = 34;
};
[[nodiscard]] std::string draw_rates(const rate_chart& chart, const chart_limits& limits = {});
}
