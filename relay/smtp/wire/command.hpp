// relay/smtp/wire/command.hpp: SMTP commands (RFC 5321 §4.1.1), with SIZE (RFC 1870), BODY (RFC 6152), and RET, ENVID,
// NOTIFY, ORCPT (RFC 3461 §4). Both ways: what is written reads back unchanged, but BODY=BINARYMIME (RFC 3030 §3),
// which is written alone: we do not offer it.
// Pure: no I/O, safe from any thread. Limits: RFC 5321 §4.5.3.1 (local part 64, domain 255, path 256 octets), ENVID
// 100, ORCPT 500 octets (RFC 3461 §4.2, §4.4). Errors: wire_errc; a writer refuses any value with CR, LF or NUL.
// Tolerances: source routes are read and dropped (RFC 5321 §4.1.1.3), blanks between "FROM:" and the path are skipped,
// and keywords are read in any case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "relay/base/result.hpp"
#include "relay/smtp/wire/errc.hpp"
#include "relay/smtp/wire/path.hpp"

namespace relay::smtp {
enum class verb { helo, ehlo, starttls, mail, rcpt, data, rset, noop, vrfy, expn, help, quit, auth, bdat };
struct command {
    smtp::verb verb;
    std::string_view argument;  // behind the verb and its blank, trailing blanks removed; borrows from the line
};
// One line without its CRLF.
[[nodiscard]] result<command> read_command(std::string_view line) noexcept;

// BDAT, RFC 3030 §2: "octets", or "octets LAST".
struct chunk_arguments {
    std::uint64_t octets = 0;
    enum class place { more_follow, last } place = place::more_follow;
};
[[nodiscard]] result<chunk_arguments> read_chunk_arguments(std::string_view argument) noexcept;

inline constexpr std::size_t max_envid_octets = 100;  // encoded, RFC 3461 §4.4
inline constexpr std::size_t max_orcpt_octets = 500;  // encoded, RFC 3461 §4.2

enum class body_type { seven_bit, eight_bit_mime, binary_mime };
enum class return_content { not_said, full, headers };
struct notify_set {  // all false: not said
    bool never = false;
    bool success = false;
    bool failure = false;
    bool delay = false;
    [[nodiscard]] constexpr bool is_said() const noexcept { return never || success || failure || delay; }
    friend constexpr bool operator==(const notify_set&, const notify_set&) = default;
};

struct mail_arguments {
    std::string reverse_path{};  // local@domain; empty is <>
    std::optional<std::uint64_t> size_octets{};
    std::optional<body_type> body{};
    return_content ret = return_content::not_said;
    std::string envid{};     // decoded, printable ASCII; empty: not said
    bool says_auth = false;  // AUTH=, RFC 4954 §5: read and not believed
    friend bool operator==(const mail_arguments&, const mail_arguments&) = default;
};
struct rcpt_arguments {
    std::string address{};  // local@domain, or "postmaster" alone (RFC 5321 §4.5.1)
    notify_set notify{};
    std::string orcpt{};  // decoded, "rfc822;local@domain"; empty: not said
    friend bool operator==(const rcpt_arguments&, const rcpt_arguments&) = default;
};

[[nodiscard]] result<mail_arguments> read_mail_arguments(std::string_view argument);
[[nodiscard]] result<rcpt_arguments> read_rcpt_arguments(std::string_view argument);

// Whole command lines, CRLF included. The caller leaves out what the peer did not offer.
[[nodiscard]] result<std::string> write_mail(const mail_arguments& arguments);
[[nodiscard]] result<std::string> write_rcpt(const rcpt_arguments& arguments);
}
