// relay/control/protocol.hpp: commands to the running node over a Unix socket (design.md §5: one writer).
// One request and one reply per connection, each one line of JSON: {"command": "...", "arguments": {...}} and
// {"ok": true, "result": ...} or {"ok": false, "code": "...", "message": "..."}. The socket is 0600: who may open it
// may command. Limits: 1 MiB a line, 30 s for a request to arrive; a reply may take as long as the command (imports).
#pragma once

#include <string>

#include <boost/json/object.hpp>

namespace relay::control {
inline constexpr std::size_t max_line_octets = 1U << 20U;

struct request {
    std::string command;
    boost::json::object arguments;
    std::string actor = {};  // in the server: the account at the other end of the socket, as the kernel knows it
};

struct reply {
    bool ok = true;
    boost::json::object result;  // when ok
    std::string code;            // when not
    std::string message;         // French: what is wrong and what to do
};

[[nodiscard]] inline reply failure(std::string code, std::string message)
{
    return {false, {}, std::move(code), std::move(message)};
}
}
