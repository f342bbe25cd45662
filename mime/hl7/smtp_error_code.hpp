// mime/hl7/smtp_error_code.hpp: table SMTPERRORCODE of ZAM^Z02 (mssante.md §3.5) and the way into it from SMTP replies
// and DSN status codes. Pure data, safe from any thread.
#pragma once

#include <optional>
#include <string_view>

namespace mime::hl7 {
struct smtp_error_code {
    int code = 554;
    std::string_view label;  // French
};

// nullopt if the table has no such code.
[[nodiscard]] std::optional<smtp_error_code> find_smtp_error_code(int code) noexcept;

// From `Diagnostic-Code: smtp;` or our own conversation: the reply code if the table has it, else by enhanced status
// ("5.1.1", RFC 3463), else by class: 4.x 451, the rest 554.
[[nodiscard]] smtp_error_code smtp_error_code_for(std::optional<int> reply_code, std::string_view status) noexcept;

// Nothing came back before the deadline (§3.3).
inline constexpr int smtp_timeout_code = 420;
}
