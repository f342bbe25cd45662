#include "mime/text/zone.hpp"

#include "mime/text/errc.hpp"

#include <date/tz.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace mime {
struct zone_access {
    static const date::time_zone& entry(const zone& where) { return *where.entry_; }
};

namespace {
using std::chrono::seconds;
using local_seconds = date::local_time<seconds>;

local_seconds local_days_of(std::chrono::year_month_day day)
{
    return local_seconds(std::chrono::sys_days(day).time_since_epoch());
}

timestamp split(std::chrono::sys_time<std::chrono::milliseconds> wall)
{
    const auto days = std::chrono::floor<std::chrono::days>(wall);
    const std::chrono::year_month_day date(days);
    const std::chrono::hh_mm_ss time(wall - days);
    timestamp value;
    value.year = static_cast<int>(date.year());
    value.month = static_cast<unsigned>(date.month());
    value.day = static_cast<unsigned>(date.day());
    value.hour = static_cast<unsigned>(time.hours().count());
    value.minute = static_cast<unsigned>(time.minutes().count());
    value.second = static_cast<unsigned>(time.seconds().count());
    value.precision = time_precision::second;
    return value;
}

time_ambiguity ambiguity_of(const date::local_info& info)
{
    if (info.result == date::local_info::ambiguous) return time_ambiguity::repeated_hour;
    return info.result == date::local_info::nonexistent ? time_ambiguity::missing_hour : time_ambiguity::exact;
}
}

const std::string& zone::name() const
{
    return entry_->name();
}

std::chrono::seconds zone::offset_at(utc_instant at) const
{
    return entry_->get_info(std::chrono::floor<seconds>(at)).offset;
}

result<zone> find_zone(std::string_view name)
{
    try {
        return zone(date::locate_zone(std::string(name)));
    } catch (const std::runtime_error&) {  // the library has no other way to say "no such zone"
        return text_errc::zone_unknown;
    }
}

zoned_instant to_utc(const timestamp& value, const zone& where)
{
    const std::chrono::year_month_day day(std::chrono::year(value.year), std::chrono::month(value.month),
                                          std::chrono::day(value.day));
    if (value.precision < time_precision::hour) {
        return {start_of_day(day, where), time_ambiguity::exact, time_detail::date_only};
    }
    const seconds time = std::chrono::hours(value.hour) + std::chrono::minutes(value.minute) + seconds(value.second);
    const local_seconds wall = local_days_of(day) + time;
    const std::chrono::milliseconds fraction(value.millisecond);
    if (value.offset) return {utc_instant(wall.time_since_epoch() - *value.offset + fraction)};
    // `first` is the earlier side of a change: the first occurrence, and the offset before the change.
    const date::local_info info = zone_access::entry(where).get_info(wall);
    return {utc_instant(wall.time_since_epoch() - info.first.offset + fraction), ambiguity_of(info)};
}

std::chrono::year_month_day local_date(utc_instant at, const zone& where)
{
    return std::chrono::floor<std::chrono::days>(at + where.offset_at(at));
}

utc_instant start_of_day(std::chrono::year_month_day day, const zone& where)
{
    const local_seconds midnight = local_days_of(day);
    const date::local_info info = zone_access::entry(where).get_info(midnight);
    if (info.result == date::local_info::nonexistent) return info.first.end;
    return utc_instant(midnight.time_since_epoch() - info.first.offset);
}

timestamp local_timestamp(utc_instant at, const zone& where)
{
    const seconds offset = where.offset_at(at);
    timestamp value = split(at + offset);
    value.offset = std::chrono::floor<std::chrono::minutes>(offset);
    return value;
}

std::string format_local(utc_instant at, const zone& where, local_format format)
{
    const timestamp value = local_timestamp(at, where);
    if (format == local_format::hl7) return write_timestamp(value);
    std::array<char, 40> text{};
    const auto size = std::snprintf(text.data(), text.size(), "%02u/%02u/%04d %02u:%02u", value.day, value.month,
                                    value.year, value.hour, value.minute);
    constexpr std::size_t date_size = 10;
    return {text.data(), format == local_format::date_text ? date_size : static_cast<std::size_t>(size)};
}

std::string format_utc(utc_instant at)
{
    return write_timestamp(split(at));
}

std::string format_utc_text(utc_instant at)
{
    const std::string t = format_utc(at);
    return t.substr(0, 4) + "-" + t.substr(4, 2) + "-" + t.substr(6, 2) + "T" + t.substr(8, 2) + ":" + t.substr(10, 2) +
           ":" + t.substr(12, 2) + "Z";
}
}
