// relay/io/errc.hpp: what can go wrong between us and a peer, by name. No value of a peer is in a message.
#pragma once

#include <boost/system/error_code.hpp>
#include <type_traits>

namespace relay::io {
enum class errc {
    timed_out = 1,
    closed_by_peer,      // end of file or reset
    cancelled,           // by us
    overloaded,          // the worker pool's queue is full
    bad_address,         // not "host:port"
    name_unknown,        // the look-up says there is no such host
    name_lookup_failed,  // the look-up itself failed
    connect_failed,
    tls_failed,             // handshake failed for a reason of neither certificate
    certificate_untrusted,  // the peer's: chain, purpose or policy
    certificate_expired,    // the peer's: not valid at this instant
    name_mismatch,          // the peer's certificate is of another host
    tls_refused,            // the peer sent a TLS alert about us (our certificate, mostly)
    bad_settings,           // certificate, key or anchors cannot be used
    file_failed,
    too_large,
};
[[nodiscard]] const boost::system::error_category& category() noexcept;
[[nodiscard]] inline boost::system::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), category()};
}
}

template <>
struct boost::system::is_error_code_enum<relay::io::errc> : std::true_type {
};
