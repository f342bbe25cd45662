// relay/io/early_sockets.hpp: sockets bound while the process still had the right to (ports below 1024); the listener
// that opens at the same address takes its one over. Of the whole process, as the rights are. Threads: any.
#pragma once

#include <optional>

#include <boost/asio/ip/tcp.hpp>

#include "relay/io/address.hpp"

namespace relay::io {
// `at` is numeric. Errors: errc::bad_address, or the system's. Bound, and listening only once a listener takes it.
[[nodiscard]] result<void> bind_early(const host_port& at);
// The descriptor bound at this address, which the caller owns from here on; nullopt if there is none.
[[nodiscard]] std::optional<int> take_early(const boost::asio::ip::tcp::endpoint& at);
}
