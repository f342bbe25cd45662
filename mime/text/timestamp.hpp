// mime/text/timestamp.hpp: date and time as written in HL7 v2 (DTM/TS, 2.A.22) and CDA (TS):
// YYYY[MM[DD[HH[MM[SS[.f+]]]]]][±HHMM]. No time zone is applied here: see mime/text/zone.hpp. Pure, safe from any
// thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mime {
enum class time_precision { year, month, day, hour, minute, second, fraction };  // ordered, coarse to fine

struct timestamp {
    int year = 0;
    unsigned month = 1;  // what precision does not reach holds the first value of its range
    unsigned day = 1;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    unsigned millisecond = 0;
    time_precision precision = time_precision::year;
    std::optional<std::chrono::minutes> offset;  // local minus UTC
    friend bool operator==(const timestamp&, const timestamp&) = default;
};

// nullopt for anything else, dates that do not exist, second 60, offsets beyond ±14:59. One to nine decimals, cut to
// milliseconds.
[[nodiscard]] std::optional<timestamp> read_timestamp(std::string_view text);

// As many parts as the precision says, three decimals for fraction, the offset if there is one.
[[nodiscard]] std::string write_timestamp(const timestamp& value);
}
