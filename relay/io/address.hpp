// relay/io/address.hpp: "host:port" and look-up of hosts (A and AAAA) as the system does it, for what settings name:
// next hops are looked up by name_lookup.hpp.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "relay/io/io_runtime.hpp"

namespace relay::io {
struct host_port {
    std::string host;  // name, IPv4, or IPv6 without its brackets
    std::uint16_t port = 0;
    friend auto operator<=>(const host_port&, const host_port&) = default;
};
// "mail.test:25", "192.0.2.1:25", "[::1]:25". Errors: errc::bad_address.
[[nodiscard]] result<host_port> read_host_port(std::string_view text);
[[nodiscard]] std::string write_host_port(const host_port& address);
[[nodiscard]] std::string write_host_port(const asio::ip::tcp::endpoint& endpoint);

// Never empty on success. Numeric hosts are not looked up. The caller's deadline: with_deadline(at, resolve(pool, a)).
// Errors: errc::name_unknown, errc::name_lookup_failed, errc::cancelled.
[[nodiscard]] awaitable<result<std::vector<asio::ip::tcp::endpoint>>> resolve(worker_pool& pool, host_port address);
}
