#include "relay/io/address.hpp"

#include <charconv>

namespace relay::io {
namespace {
result<std::vector<asio::ip::tcp::endpoint>> look_up(const host_port& address)
{
    asio::io_context context;
    asio::ip::tcp::resolver resolver(context);
    error_code failed;
    const auto found =
        resolver.resolve(address.host, std::to_string(address.port), asio::ip::resolver_base::numeric_service, failed);
    if (failed == asio::error::host_not_found || failed == asio::error::no_data)
        return make_error_code(errc::name_unknown);
    if (failed || found.empty()) return make_error_code(errc::name_lookup_failed);
    std::vector<asio::ip::tcp::endpoint> endpoints;
    for (const auto& one : found) endpoints.push_back(one.endpoint());
    return endpoints;
}
}

result<host_port> read_host_port(std::string_view text)
{
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return make_error_code(errc::bad_address);
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find_first_of("[]:") != std::string_view::npos) {
        return make_error_code(errc::bad_address);  // IPv6 needs its brackets
    }
    host_port read{std::string(host), 0};
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), read.port);
    if (failed != std::errc() || end != port.data() + port.size() || host.empty() || host.size() > 255) {
        return make_error_code(errc::bad_address);
    }
    return read;
}

std::string write_host_port(const host_port& address)
{
    const bool bracket = address.host.find(':') != std::string::npos;
    return (bracket ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
}

std::string write_host_port(const asio::ip::tcp::endpoint& endpoint)
{
    const host_port address{endpoint.address().to_string(), endpoint.port()};
    return write_host_port(address);
}

awaitable<result<std::vector<asio::ip::tcp::endpoint>>> resolve(worker_pool& pool, host_port address)
{
    error_code not_numeric;
    const auto numeric = asio::ip::make_address(address.host, not_numeric);
    if (!not_numeric) {
        std::vector<asio::ip::tcp::endpoint> one{{numeric, address.port}};
        co_return one;
    }
    auto work = [address = std::move(address)] { return look_up(address); };
    auto found = co_await offload(pool, std::move(work));
    co_return found;
}
}
