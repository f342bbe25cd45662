// mime/message/date.hpp: the Date of a mail (RFC 5322 §3.3, obsolete forms of §4.3 on reading). Instants are UTC
// seconds; the offset only says how to show them. Pure, safe from any thread, no locale. Error: message_errc::bad_date.
#pragma once

#include "mime/message/errc.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace mime::message {
struct mail_date {
    std::chrono::sys_seconds instant;
    std::chrono::minutes offset{0};  // local minus UTC, within ±14:59
    friend bool operator==(const mail_date&, const mail_date&) = default;
};

// "Sat, 21 Nov 2026 23:57:00 +0100". The offset is cut to whole minutes within ±14:59.
[[nodiscard]] std::string write_date(const mail_date& date);

// Years 1900 to 9999, dates that exist, second 60 read as 59 (a leap second has no instant of its own here).
[[nodiscard]] result<mail_date> read_date(std::string_view value);
}
