// relay/http/request.hpp: one request as a value, and how it is read from octets (RFC 9112, RFC 9110). Pure: no I/O.
// Any octets give a request, the wish for more, or an error; none throws or is read past its end. Bounds:
// request_limits. Errors: errc. Safe from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relay/base/result.hpp"
#include "relay/http/errc.hpp"

namespace relay::http {
struct request_limits {
    std::size_t head_octets = 8 * 1024;  // request line and fields, with the empty line
    std::size_t target_octets = 1024;
};

enum class method { get, head };
enum class persistence { keep, close };

struct request {
    http::method verb = method::get;
    std::string path;                                             // decoded, "/liste"
    std::vector<std::pair<std::string, std::string>> parameters;  // decoded; a name may come twice: the first counts
    std::string known_tag;                                        // If-None-Match; empty without
    persistence connection = persistence::keep;                   // what the client asks for

    // Empty if absent.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

// Where the head in `octets` ends, its empty line included; nullopt: not yet. errc::head_too_large if it cannot end
// within the limit any more.
[[nodiscard]] result<std::optional<std::size_t>> find_head(std::string_view octets, const request_limits& limits = {});
// A whole head, as found. After an error the connection is of no more use: where the next request begins is unknown.
[[nodiscard]] result<request> read_head(std::string_view head, const request_limits& limits = {});

// A name by which this machine is meant and nobody else's DNS can be: localhost, 127.0.0.0/8, [::1]; with any port,
// since tunnels change it.
[[nodiscard]] bool is_loopback_host(std::string_view host);
}
