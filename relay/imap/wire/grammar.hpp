// relay/imap/wire/grammar.hpp: the larger productions of RFC 3501 §9, for command.cpp only. Each moves the cursor past
// what it read, or returns a problem: a fixed English text and a code.
#pragma once

#include <string_view>
#include <vector>

#include "relay/base/result.hpp"
#include "relay/imap/wire/command.hpp"
#include "relay/imap/wire/cursor.hpp"

namespace relay::imap::grammar {
struct problem {
    syntax_errc code = syntax_errc::bad_syntax;
    std::string_view text;
};
template <class T>
using read = boost::system::result<T, problem>;

[[nodiscard]] inline problem bad(std::string_view text)
{
    return {syntax_errc::bad_syntax, text};
}

[[nodiscard]] read<sequence_set> read_sequence_set(cursor& in);
[[nodiscard]] read<std::vector<fetch_item>> read_fetch_items(cursor& in, const command_limits& limits);
[[nodiscard]] read<search_key> read_search(cursor& in,
                                           const command_limits& limits);  // optional CHARSET, then the keys
}
