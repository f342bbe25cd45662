#include "relay/smtp/engine/peer_rates.hpp"

#include <arpa/inet.h>

#include <optional>
#include <span>

#include "mime/text/digest.hpp"

namespace relay::smtp {
namespace {
constexpr auto window = std::chrono::minutes(1);
constexpr std::size_t connection_kind = 0;

constexpr std::size_t kind_of(rated what)
{
    return 1 + static_cast<std::size_t>(what);
}

// The first 64 bits of an IPv6 address, which are one household; nullopt for what is none or holds an IPv4 address.
std::optional<std::string> network_of(std::string_view address)
{
    in6_addr six{};
    if (::inet_pton(AF_INET6, std::string(address).c_str(), &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six))
        return std::nullopt;
    return mime::hex(std::span(six.s6_addr).first(8));
}
}

std::string peer_key(std::string_view address, std::string_view certificate_sha256)
{
    if (!certificate_sha256.empty()) return "cert:" + std::string(certificate_sha256);
    if (const auto network = network_of(address)) return "net:" + *network;
    return "host:" + std::string(address);
}

peer_rates::peer& peer_rates::place(const std::string& key, time now)
{
    auto found = peers_.find(key);
    if (found == peers_.end() && peers_.size() >= limits_.max_peers) {
        std::erase_if(peers_,
                      [now](const auto& one) { return one.second.open == 0 && now - one.second.since >= window; });
        if (peers_.size() >= limits_.max_peers) found = peers_.try_emplace(std::string()).first;
    }
    if (found == peers_.end()) found = peers_.try_emplace(key).first;
    peer& one = found->second;
    if (now - one.since >= window) {
        one.since = now;
        one.seen.fill(0);
    }
    return one;
}

gate peer_rates::add(peer& one, std::size_t kind, std::size_t most)
{
    if (one.seen[kind] >= most) return gate::shut;
    ++one.seen[kind];
    return gate::open;
}

gate peer_rates::opened(const std::string& key, time now)
{
    const std::lock_guard lock(mutex_);
    peer& one = place(key, now);
    if (one.open >= limits_.connections || add(one, connection_kind, limits_.connections_per_minute) == gate::shut)
        return gate::shut;
    ++one.open;
    return gate::open;
}

void peer_rates::closed(const std::string& key)
{
    const std::lock_guard lock(mutex_);
    auto found = peers_.find(key);
    if (found == peers_.end() || found->second.open == 0) found = peers_.find(std::string());
    if (found != peers_.end() && found->second.open > 0) --found->second.open;
}

gate peer_rates::count(const std::string& key, rated what, time now)
{
    const std::lock_guard lock(mutex_);
    std::size_t most = limits_.mails_per_minute;
    if (what == rated::unknown_recipient) most = limits_.unknown_recipients_per_minute;
    if (what == rated::refused_login) most = limits_.refused_logins_per_minute;
    return add(place(key, now), kind_of(what), most);
}

std::size_t peer_rates::peers() const
{
    const std::lock_guard lock(mutex_);
    return peers_.size();
}
}
