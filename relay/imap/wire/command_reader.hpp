// relay/imap/wire/command_reader.hpp: cuts the byte stream into commands (RFC 3501 §2.2.1, §4.3), however it was
// chopped. Only CRLF ends a line; a bare CR or LF stays in the text, where the grammar refuses it. A literal stops the
// reader: the owner accepts it (and sends the continuation) or refuses it, before any memory is taken. Not thread-safe.
// Sizes are in octets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace relay::imap {
struct reader_limits {
    std::size_t max_line_octets = 8 * 1024;  // of each line of a command, CRLF not counted
    std::size_t max_literal_octets = 64 * 1024;
    std::size_t max_command_octets = 96 * 1024;  // lines, literals and CRLFs between them
};

enum class frame {
    need_more,
    command,           // take_command() gives it
    literal,           // a synchronising literal within the limits is announced: accept_literal() or drop_command()
    literal_too_long,  // synchronising: the client waits, so drop_command() and go on
    literal_unasked,   // "{n+}" (RFC 7888, not advertised): its octets follow at once, so the connection has to end
    too_long           // a line or a command beyond the limit: the connection has to end
};

class command_reader {
public:
    explicit command_reader(const reader_limits& limits = {}) : limits_(limits) {}

    // Takes effect with the next command.
    void set_limits(const reader_limits& limits) { limits_ = limits; }
    void feed(std::string_view bytes) { buffer_.append(bytes); }
    [[nodiscard]] frame next();
    [[nodiscard]] frame next_line();  // one line in which "{n}" means nothing (RFC 3501 §6.2.2 authentication)
    [[nodiscard]] std::string take_command();
    void accept_literal();
    void drop_command();
    [[nodiscard]] std::string_view text() const;  // of the command so far, until the next call
    [[nodiscard]] bool has_unread() const { return !buffer_.empty(); }

private:
    [[nodiscard]] frame find_line_end();
    [[nodiscard]] frame look_for_literal(std::string_view line);

    reader_limits limits_;
    std::string buffer_;
    std::size_t line_start_ = 0;
    std::size_t scanned_ = 0;         // no CRLF starts before here
    std::size_t line_end_ = 0;        // of the line last completed
    std::size_t literal_octets_ = 0;  // announced
    std::size_t literal_end_ = 0;     // accepted; 0 if none is being read
};
}
