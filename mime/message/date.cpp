#include "mime/message/date.hpp"

#include "mime/message/etpan.hpp"
#include "mime/text/ascii.hpp"

#include <array>
#include <cstdio>

namespace mime::message {
namespace {
using namespace std::chrono;
constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr minutes max_offset{14 * 60 + 59};
constexpr std::size_t max_date_octets = 200;

bool in_range(const mailimf_date_time& d) noexcept
{
    return d.dt_year >= 1900 && d.dt_year <= 9999 && d.dt_hour >= 0 && d.dt_hour <= 23 && d.dt_min >= 0 &&
           d.dt_min <= 59 && d.dt_sec >= 0 && d.dt_sec <= 60 && d.dt_month >= 1 && d.dt_month <= 12 && d.dt_day >= 1;
}
}

std::string write_date(const mail_date& date)
{
    const minutes offset = std::clamp(date.offset, -max_offset, max_offset);
    const sys_seconds local = date.instant + offset;
    const auto day = floor<std::chrono::days>(local);
    const year_month_day ymd(day);
    const hh_mm_ss time(local - day);
    const auto shown = offset < minutes{0} ? -offset : offset;
    std::array<char, 64> out{};
    const int size = std::snprintf(
        out.data(), out.size(), "%s, %02u %s %04d %02d:%02d:%02d %c%02d%02d", days[weekday(day).c_encoding()],
        unsigned{ymd.day()}, months[unsigned{ymd.month()} - 1], int{ymd.year()}, static_cast<int>(time.hours().count()),
        static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
        offset < minutes{0} ? '-' : '+', static_cast<int>(shown.count() / 60), static_cast<int>(shown.count() % 60));
    return {out.data(), static_cast<std::size_t>(std::max(size, 0))};
}

result<mail_date> read_date(std::string_view value)
{
    value = trim(value);
    if (value.empty() || value.size() > max_date_octets || value.find('\0') != std::string_view::npos)
        return message_errc::bad_date;
    std::size_t at = 0;
    mailimf_date_time* raw = nullptr;
    const int failed = mailimf_date_time_parse(value.data(), value.size(), &at, &raw);
    const etpan::date_time_ptr read(raw);
    if (failed != MAILIMF_NO_ERROR || read == nullptr || !in_range(*read)) return message_errc::bad_date;
    const year_month_day ymd(year(read->dt_year), month(static_cast<unsigned>(read->dt_month)),
                             day(static_cast<unsigned>(read->dt_day)));
    const minutes offset(read->dt_zone / 100 * 60 + read->dt_zone % 100);
    if (!ymd.ok() || offset > max_offset || offset < -max_offset) return message_errc::bad_date;
    const sys_seconds local =
        sys_days(ymd) + hours(read->dt_hour) + minutes(read->dt_min) + seconds(std::min(read->dt_sec, 59));
    return mail_date{local - offset, offset};
}
}
