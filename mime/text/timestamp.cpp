#include "mime/text/timestamp.hpp"

#include "mime/text/cursor.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace mime {
namespace {
constexpr unsigned max_offset_hours = 14;

bool read_fraction(cursor& in, timestamp& value)
{
    if (!in.accept('.')) return true;
    const std::size_t start = in.offset();
    auto fraction = in.accept_number(1, 9);
    if (!fraction) return false;
    std::size_t digits = in.offset() - start;
    for (; digits > 3; --digits) *fraction /= 10;
    for (; digits < 3; ++digits) *fraction *= 10;
    value.millisecond = static_cast<unsigned>(*fraction);
    value.precision = time_precision::fraction;
    return true;
}

bool read_offset(cursor& in, timestamp& value)
{
    if (in.at_end()) return true;
    const bool east = in.accept('+');
    if (!east && !in.accept('-')) return false;
    const auto hours = in.accept_number(2, 2);
    const auto minutes = in.accept_number(2, 2);
    if (!hours || !minutes || *hours > max_offset_hours || *minutes > 59 || !in.at_end()) return false;
    const std::chrono::minutes offset(static_cast<int>(*hours * 60 + *minutes));
    value.offset = east ? offset : -offset;
    return true;
}

bool possible(const timestamp& value)
{
    const std::chrono::year_month_day date(std::chrono::year(value.year), std::chrono::month(value.month),
                                           std::chrono::day(value.day));
    return value.year > 0 && date.ok() && value.hour < 24 && value.minute < 60 && value.second < 60;
}
}

std::optional<timestamp> read_timestamp(std::string_view text)
{
    cursor in(text);
    timestamp value;
    const auto year = in.accept_number(4, 4);
    if (!year) return std::nullopt;
    value.year = static_cast<int>(*year);
    constexpr std::array steps = {time_precision::month, time_precision::day, time_precision::hour,
                                  time_precision::minute, time_precision::second};
    const std::array parts = {&value.month, &value.day, &value.hour, &value.minute, &value.second};
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto part = in.accept_number(2, 2);
        if (!part) break;
        *parts[i] = static_cast<unsigned>(*part);
        value.precision = steps[i];
    }
    if (value.precision == time_precision::second && !read_fraction(in, value)) return std::nullopt;
    if (!read_offset(in, value) || !possible(value)) return std::nullopt;
    return value;
}

std::string write_timestamp(const timestamp& value)
{
    std::array<char, 40> text{};
    (void)std::snprintf(text.data(), text.size(), "%04d%02u%02u%02u%02u%02u.%03u", value.year % 10000,
                        value.month % 100, value.day % 100, value.hour % 100, value.minute % 100, value.second % 100,
                        value.millisecond % 1000);
    constexpr std::array<std::size_t, 7> sizes = {4, 6, 8, 10, 12, 14, 18};
    std::string result(text.data(), sizes[static_cast<std::size_t>(value.precision)]);
    if (value.offset) {
        const auto minutes = static_cast<int>(value.offset->count());
        const auto size = std::snprintf(text.data(), text.size(), "%c%02d%02d", minutes < 0 ? '-' : '+',
                                        std::abs(minutes) / 60 % 100, std::abs(minutes) % 60);
        result.append(text.data(), static_cast<std::size_t>(size));
    }
    return result;
}
}
