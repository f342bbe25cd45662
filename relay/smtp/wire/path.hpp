// relay/smtp/wire/path.hpp: mailboxes, paths and host names as SMTP writes them (RFC 5321 §4.1.2, §4.1.3).
// Pure: no I/O, safe from any thread. Limits: local part 64, domain 255, path 256 octets (RFC 5321 §4.5.3.1).
// Errors: wire_errc::bad_syntax, bad_path.
#pragma once

#include <string_view>

#include "relay/base/result.hpp"
#include "relay/smtp/wire/errc.hpp"

namespace relay::smtp {
// local@domain with a dot-string or quoted local part, and a domain name or address literal.
[[nodiscard]] bool is_mailbox(std::string_view text) noexcept;
// Argument of HELO and EHLO: a domain name or an address literal; underscores are tolerated.
[[nodiscard]] bool is_host_argument(std::string_view text) noexcept;

struct path_and_rest {
    std::string_view path;  // inside the brackets, source route removed
    std::string_view rest;  // behind the closing bracket
};
// "FROM:<path> rest", the keyword in any case; both parts borrow from the argument.
[[nodiscard]] result<path_and_rest> split_path(std::string_view argument, std::string_view keyword) noexcept;
}
