// relay/fetch/response_guard.hpp: looks at every octet an IMAP server sends before libetpan parses it (RFC 3501 §2.2.2,
// §4.3, §7), since libetpan takes memory by the size a literal claims, follows parentheses as deep as they go, and
// reads a BYE in place of an answer as something it is not. Literals are let through in FETCH responses alone: we ask
// for nothing else that needs one, and a text that ends like one must not hide what follows it. Pure; one thread.
// Errors: errc::response_too_large, protocol_error, server_closing, login_refused. After an error no octet is to be
// trusted any more. Cut anywhere, the same octets get the same answer.
#pragma once

#include <cstdint>
#include <string_view>

#include "relay/base/result.hpp"
#include "relay/fetch/errc.hpp"

namespace relay::fetch {
struct response_limits {
    std::uint64_t response_octets = 1U << 20U;  // of all that answers one command
    std::uint64_t literal_octets = 0;           // of one literal; 0: none is expected
    std::uint64_t line_octets = 64U << 10U;     // outside literals
    int depth = 16;                             // of parentheses
};
enum class continuation { expected, refusal };  // what "+" means: AUTHENTICATE with all said gets it for an error alone

class response_guard {
public:
    // What comes from now on answers another command.
    void expect(const response_limits& limits, continuation plus = continuation::expected);
    [[nodiscard]] result<void> feed(std::string_view octets);

private:
    enum class line_kind { unknown, fetch, other };
    [[nodiscard]] result<void> take(char c);
    [[nodiscard]] result<void> end_line();
    [[nodiscard]] line_kind kind_of_head() const;
    void begin_line();

    response_limits limits_;
    continuation plus_ = continuation::expected;
    std::uint64_t octets_ = 0;                      // of the response
    std::uint64_t literal_left_ = 0;                // of the literal under way
    std::uint64_t line_ = 0;                        // octets of the line
    static constexpr std::size_t head_octets = 20;  // "* 4294967295 FETCH "
    char head_[head_octets] = {};                   // how the response begins, in capitals
    std::size_t head_size_ = 0;
    line_kind kind_ = line_kind::unknown;
    int depth_ = 0;
    bool quoted_ = false, escaped_ = false;
    // "{123}" at the end of a line: how far it was seen, and what it says.
    enum class brace { none, open, closed } brace_ = brace::none;
    std::uint64_t brace_value_ = 0;
    int brace_digits_ = 0;
};
}
