#include "relay/app/table.hpp"

#include <algorithm>

namespace relay::app {
namespace {
std::size_t width_of(std::string_view text)
{
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string quoted(const std::string& text)
{
    if (text.find_first_of(",\"\r\n;") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}
}

std::string padded(std::string_view text, std::size_t width, align side)
{
    const std::string blanks(width - std::min(width, width_of(text)), ' ');
    return side == align::left ? std::string(text) + blanks : blanks + std::string(text);
}

std::string as_text(const table& from)
{
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < from.columns.size(); ++i) {
        std::size_t width = width_of(from.columns[i].title);
        for (const auto& row : from.rows) width = std::max(width, width_of(row[i]));
        widths.push_back(width);
    }
    std::string out;
    const auto line = [&](auto cell) {
        std::string text;
        for (std::size_t i = 0; i < widths.size(); ++i) text += (i == 0 ? "" : "  ") + cell(i);
        out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
    };
    line([&](std::size_t i) { return padded(from.columns[i].title, widths[i], from.columns[i].side); });
    line([&](std::size_t i) { return std::string(widths[i], '-'); });
    for (const auto& row : from.rows)
        line([&](std::size_t i) { return padded(row[i], widths[i], from.columns[i].side); });
    return out;
}

std::string as_csv(const table& from)
{
    std::string out;
    for (std::size_t i = 0; i < from.columns.size(); ++i) out += (i == 0 ? "" : ",") + quoted(from.columns[i].title);
    out += "\r\n";
    for (const auto& row : from.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) out += (i == 0 ? "" : ",") + quoted(row[i]);
        out += "\r\n";
    }
    return out;
}
}
