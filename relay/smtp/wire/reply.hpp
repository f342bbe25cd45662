// relay/smtp/wire/reply.hpp: SMTP replies (RFC 5321 §4.2) with enhanced status codes (RFC 3463 §2, RFC 2034).
// Pure: no I/O; one reader per connection, used from one thread.
// Errors: wire_errc::bad_reply, line_too_long, too_many_lines, bare_line_end. After an error the reader is of no use.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/report/fields.hpp"
#include "relay/base/result.hpp"
#include "relay/smtp/wire/errc.hpp"

namespace relay::smtp {
using mime::report::enhanced_status;

// Free text said by a peer: for operators' eyes, kept with the attempt, never in a log. It has no formatter.
class peer_text {
public:
    peer_text() = default;
    explicit peer_text(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

private:
    std::string text_;
};

struct reply {
    int code = 0;                    // 200 to 599
    std::vector<std::string> lines;  // text behind the code, without line ends; enhanced codes still in place
    [[nodiscard]] std::optional<enhanced_status> enhanced() const;  // of the first line
    [[nodiscard]] peer_text text() const;  // the lines joined by a blank, printable ASCII only, at most 1000 octets
};

struct reply_limits {
    std::size_t max_line_octets = 2048;  // with CRLF; the standard says 512 (RFC 5321 §4.5.3.1.5), peers say more
    std::size_t max_lines = 128;
};

// Reads one reply however it is cut. A reply may be followed by the next one (RFC 2920): feed() stops behind the first
// and says how much it took; take() hands the reply over and makes the reader ready for the next.
class reply_reader {
public:
    explicit reply_reader(const reply_limits& limits = {}) : limits_(limits) {}
    result<std::size_t> feed(std::string_view bytes);
    [[nodiscard]] bool complete() const noexcept { return complete_; }
    [[nodiscard]] bool idle() const noexcept { return line_.empty() && reply_.lines.empty() && !complete_; }
    [[nodiscard]] const smtp::reply& reply() const noexcept { return reply_; }
    [[nodiscard]] smtp::reply take();

private:
    error_code end_line();
    reply_limits limits_;
    std::string line_;
    smtp::reply reply_;
    bool complete_ = false;
};
}
