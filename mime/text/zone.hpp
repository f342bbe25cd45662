// mime/text/zone.hpp: from the wall clocks of a site to instants and back (domain.md §3 rules 7, 10 and 11). Instants
// are UTC with millisecond precision. Zones come from the system's time zone database by IANA name. Safe from any
// thread.
#pragma once

#include "mime/text/result.hpp"
#include "mime/text/timestamp.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace date {
class time_zone;
}

namespace mime {
using utc_instant = std::chrono::sys_time<std::chrono::milliseconds>;

// A cheap handle to an entry of the database, which lives as long as the process.
class zone {
public:
    [[nodiscard]] const std::string& name() const;
    // Local minus UTC at that instant.
    [[nodiscard]] std::chrono::seconds offset_at(utc_instant at) const;

private:
    friend result<zone> find_zone(std::string_view name);
    friend struct zone_access;
    explicit zone(const date::time_zone* entry) noexcept : entry_(entry) {}
    const date::time_zone* entry_;
};

// Error: text_errc::zone_unknown, also when the machine has no time zone database.
[[nodiscard]] result<zone> find_zone(std::string_view name);

enum class time_ambiguity { exact, repeated_hour, missing_hour };
enum class time_detail { date_and_time, date_only };

struct zoned_instant {
    utc_instant at;  // date_only: the start of that day in the zone
    time_ambiguity ambiguity = time_ambiguity::exact;
    time_detail detail = time_detail::date_and_time;
    friend bool operator==(const zoned_instant&, const zoned_instant&) = default;
};

// An explicit offset wins. Without one: first occurrence in the repeated autumn hour, offset before the change in the
// missing spring hour. A date without time is a day of the site, whatever its offset says. A precision coarser than a
// day gives the first day of the range: callers to whom the day matters refuse it before.
[[nodiscard]] zoned_instant to_utc(const timestamp& value, const zone& where);

[[nodiscard]] std::chrono::year_month_day local_date(utc_instant at, const zone& where);

// The day is [start_of_day(d), start_of_day(d + 1)). Where midnight is skipped, the first instant that day has.
[[nodiscard]] utc_instant start_of_day(std::chrono::year_month_day day, const zone& where);

enum class local_format {
    date_text,       // 20/11/2026
    date_time_text,  // 20/11/2026 14:30
    hl7,             // 20261120143005+0100
};
[[nodiscard]] std::string format_local(utc_instant at, const zone& where, local_format format);

// 20261120133005, the UTC form of XDS metadata.
[[nodiscard]] std::string format_utc(utc_instant at);
// 2026-11-20T13:30:05Z (RFC 3339).
[[nodiscard]] std::string format_utc_text(utc_instant at);

// To the second, with the offset of the zone: the value behind local_format::hl7.
[[nodiscard]] timestamp local_timestamp(utc_instant at, const zone& where);
}
