// relay/http/errc.hpp: why a request has no page, by name; each has its HTTP status (RFC 9110 §15, RFC 6585). No value
// of the peer is in a message.
#pragma once

#include <boost/system/error_code.hpp>
#include <string_view>
#include <type_traits>

namespace relay::http {
enum class errc {
    malformed = 1,    // not an HTTP/1.x request head, or a target that is no path of this server
    head_too_large,   // request_limits::head_octets
    target_too_long,  // request_limits::target_octets
    body_refused,     // a request with content: nothing here takes any
    host_missing,     // none, or several (RFC 9112 §3.2)
    host_refused,     // not a name of this machine: DNS rebinding
    method_refused,   // but GET and HEAD
    version_refused,  // but HTTP/1.0 and 1.1
    not_found,        // no page of that path
    bad_parameter,    // a date, a page number, …
    period_too_long,  // page_limits::longest_period
    too_slow,         // the request did not come in time
    busy,             // too many pages are being made
    page_failed,      // the store could not be read, or we have a bug
};
[[nodiscard]] const boost::system::error_category& category() noexcept;
[[nodiscard]] inline boost::system::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), category()};
}

// What a person is told: the status, a code that reads the same in the log, and what it means in French.
struct errc_facts {
    unsigned status;
    std::string_view code;
    std::string_view meaning;
};
// Of an error of another room: page_failed.
[[nodiscard]] const errc_facts& facts_of(const boost::system::error_code& error) noexcept;
}

template <>
struct boost::system::is_error_code_enum<relay::http::errc> : std::true_type {
};
