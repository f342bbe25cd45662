#include "relay/imap/wire/response.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "relay/imap/wire/cursor.hpp"

namespace relay::imap {
namespace {
constexpr std::size_t max_quoted_octets =
    1024;  // longer ones go as a literal: some clients read lines into small buffers
constexpr std::array month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool can_be_quoted(std::string_view value)
{
    return value.size() <= max_quoted_octets &&
           std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}
}

void append_string(std::string& out, std::string_view value)
{
    if (!can_be_quoted(value)) {
        append_literal_head(out, value.size());
        out += value;
        return;
    }
    out += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

void append_astring(std::string& out, std::string_view value)
{
    const bool atom = !value.empty() && std::all_of(value.begin(), value.end(), is_atom_char);
    if (atom)
        out += value;
    else
        append_string(out, value);
}

void append_literal_head(std::string& out, std::size_t octets)
{
    out += '{';
    out += std::to_string(octets);
    out += "}\r\n";
}

void append_internal_date(std::string& out, base::instant when)
{
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(when - day));
    std::array<char, 48> text{};
    const int written =
        std::snprintf(text.data(), text.size(), "\"%02u-%s-%04d %02d:%02d:%02d +0000\"",
                      static_cast<unsigned>(date.day()), month_names[static_cast<unsigned>(date.month()) - 1],
                      static_cast<int>(date.year()), static_cast<int>(time.hours().count()),
                      static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
    out.append(text.data(), static_cast<std::size_t>(written));
}
}
