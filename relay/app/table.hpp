// relay/app/table.hpp: aligned text tables for the terminal, and CSV (RFC 4180) of the same rows. Widths count
// characters of UTF-8, not octets. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace relay::app {
enum class align { left, right };
struct column {
    std::string title;
    align side = align::left;
};
struct table {
    std::vector<column> columns;
    std::vector<std::vector<std::string>> rows;
};
[[nodiscard]] std::string as_text(const table& from);
[[nodiscard]] std::string as_csv(const table& from);
// Filled up with blanks.
[[nodiscard]] std::string padded(std::string_view text, std::size_t width, align side = align::left);
}
