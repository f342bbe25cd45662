// relay/smtp/wire/mail_data.hpp: the bytes behind DATA, transparency both ways (RFC 5321 §4.5.2), and those of BDAT
// chunks, which have no dots (RFC 3030 §2).
// Only CRLF.CRLF ends a mail (RFC 5321 §4.1.1.4): a dot line made with a bare CR or LF never does, and marks the mail
// as bad, so that no second mail can be smuggled in. Pure: no I/O, one object per mail, used from one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace relay::smtp {
// Cuts a mail into pieces that are sent one after the other, copying nothing: a piece ends behind the dot that starts a
// line, and the next one begins with that same dot again. The last piece is the final dot line.
class dot_writer {
public:
    explicit dot_writer(std::string_view message) noexcept : message_(message) {}  // outlives the writer
    // The next piece; empty when all was handed out.
    [[nodiscard]] std::string_view next() noexcept;
    // The piece handed out last is the one that ends the mail: from there on a lost reply is uncertain.
    [[nodiscard]] bool is_last() const noexcept { return state_ == state::ended; }

private:
    enum class state { start, inside, ended };
    std::string_view message_;
    std::size_t position_ = 0;
    state state_ = state::start;
};

// A mail that may be sent: every CR is followed by LF, every LF preceded by CR, no NUL.
[[nodiscard]] bool has_only_whole_lines(std::string_view message) noexcept;

struct data_limits {
    std::size_t max_message_octets = 30 * 1024 * 1024;
    std::size_t max_line_octets = 1000;  // with CRLF, RFC 5321 §4.5.3.1.6
};

enum class data_fault { bare_line_end, nul, line_too_long, too_big };

// What is wrong with a mail whose bytes came whole; nullopt: nothing. Its last line may lack its CRLF.
[[nodiscard]] std::optional<data_fault> find_fault(std::string_view message, const data_limits& limits) noexcept;

// Takes the dots out again, however the bytes are cut. After a fault it reads on to the end of the mail without keeping
// bytes: the fault is the answer to the final dot.
class dot_reader {
public:
    explicit dot_reader(const data_limits& limits = {}) : limits_(limits) {}
    // How many bytes were taken: all of them, or as far as the end of the mail.
    std::size_t feed(std::string_view bytes);
    [[nodiscard]] bool complete() const noexcept { return complete_; }
    [[nodiscard]] std::optional<data_fault> fault() const noexcept { return fault_; }
    [[nodiscard]] std::uint64_t octets() const noexcept { return octets_; }  // dots removed, also counted after a fault
    [[nodiscard]] std::string take() noexcept;

private:
    enum class state { line_start, dot, dot_cr, inside, cr };
    void set_fault(data_fault fault);
    void keep(std::string_view bytes);
    std::size_t take_plain(std::string_view bytes);
    void take_one(char c);
    void end_line();

    data_limits limits_;
    std::string message_;
    std::uint64_t octets_ = 0;
    std::size_t line_octets_ = 0;
    state state_ = state::line_start;
    std::optional<data_fault> fault_;
    bool complete_ = false;
};

// A mail that comes in chunks (BDAT, RFC 3030 §2): octets are counted, dots mean nothing, and the same faults as behind
// DATA refuse the whole. Past the size limit it reads on without keeping bytes.
class chunk_reader {
public:
    explicit chunk_reader(const data_limits& limits = {}) : limits_(limits) {}
    void begin(std::uint64_t octets) noexcept { left_ = octets; }
    // How many bytes were taken: all of them, or as far as the end of the chunk.
    std::size_t feed(std::string_view bytes);
    void skip() noexcept { keeps_ = false; }  // from here on nothing is kept
    [[nodiscard]] bool chunk_complete() const noexcept { return left_ == 0; }
    [[nodiscard]] std::uint64_t octets() const noexcept { return octets_; }
    // At the end of the last chunk. A last line without CRLF gets it, as it would behind DATA.
    [[nodiscard]] std::optional<data_fault> finish();
    [[nodiscard]] std::string take() noexcept;

private:
    data_limits limits_;
    std::string message_;
    std::uint64_t octets_ = 0;
    std::uint64_t left_ = 0;
    bool keeps_ = true;
};
}
