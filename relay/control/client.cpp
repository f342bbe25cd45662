#include "relay/control/client.hpp"

#include <boost/json.hpp>

#include <sys/socket.h>

#include "relay/control/line_socket.hpp"

namespace relay::control {
namespace json = boost::json;
namespace {
error_code last_error()
{
    return {errno, boost::system::system_category()};
}

std::string text_of(const json::object& from, std::string_view key)
{
    const auto* value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
}

result<reply> send(const std::filesystem::path& socket, const request& what)
{
    const auto address = address_of(socket.native());
    if (!address) return boost::system::errc::make_error_code(boost::system::errc::filename_too_long);
    const socket_handle peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (peer.get() < 0) return last_error();
    if (::connect(peer.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) return last_error();
    const json::object asked{{"command", what.command}, {"arguments", what.arguments}};
    if (!write_line(peer.get(), json::serialize(asked))) return last_error();
    const auto line = read_line(peer.get(), std::chrono::milliseconds(-1));
    if (!line) return boost::system::errc::make_error_code(boost::system::errc::protocol_error);
    error_code bad;
    const json::value parsed = json::parse(*line, bad);
    if (bad || !parsed.is_object()) return boost::system::errc::make_error_code(boost::system::errc::protocol_error);
    const json::object& from = parsed.get_object();
    reply read;
    const auto* ok = from.if_contains("ok");
    read.ok = ok != nullptr && ok->is_bool() && ok->get_bool();
    if (const auto* got = from.if_contains("result"); got != nullptr && got->is_object())
        read.result = got->get_object();
    read.code = text_of(from, "code");
    read.message = text_of(from, "message");
    return read;
}
}
