#include "relay/http/response.hpp"

#include <array>

#include <fmt/core.h>
#include <boost/beast/http/status.hpp>

namespace relay::http {
namespace {
// No script or style in a page, nothing from elsewhere, no frame (CSP 3).
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";

// IMF-fixdate, RFC 9110 §5.6.7.
std::string date_text(base::instant now)
{
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[std::chrono::weekday(day).c_encoding()],
                       static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                       time.seconds().count());
}
}

std::string write_head(const response& what, persistence after, base::instant now)
{
    const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(what.status));
    std::string head = fmt::format("HTTP/1.1 {} {}\r\n", what.status, std::string_view(reason.data(), reason.size()));
    const auto field = [&](std::string_view name, std::string_view value) {
        head.append(name).append(": ").append(value).append("\r\n");
    };
    field("Date", date_text(now));
    field("Server", "Liaison");
    if (what.status != 304) {
        field("Content-Type", what.content_type);
        field("Content-Length", std::to_string(what.octets().size()));
    }
    field("Cache-Control", what.cache == caching::by_tag ? "no-cache" : "no-store");
    if (!what.tag.empty()) field("ETag", what.tag);
    if (!what.location.empty()) field("Location", what.location);
    if (what.status == 405) field("Allow", "GET, HEAD");
    if (what.status == 503) field("Retry-After", "5");
    field("Content-Security-Policy", policy);
    field("X-Content-Type-Options", "nosniff");
    field("Referrer-Policy", "no-referrer");
    field("Cross-Origin-Resource-Policy", "same-origin");
    field("Cross-Origin-Opener-Policy", "same-origin");
    field("Connection", after == persistence::keep ? "keep-alive" : "close");
    return head + "\r\n";
}
}
