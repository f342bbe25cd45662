// relay/smtp/engine/peer_rates.hpp: how much one peer may do over all its connections: open at once, and per minute
// connections, mails, unknown recipients, refused logins. A peer is its verified client certificate, else its address
// (an IPv6 network of 64 bits is one peer). Counted in windows of one minute that begin with the peer's first act.
// Memory: at most max_peers; whoever comes on top shares one place. Pure: time comes from the caller. Any thread.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "relay/smtp/engine/server_engine.hpp"

namespace relay::smtp {
struct peer_limits {
    std::size_t connections = 100;  // open at once
    std::size_t connections_per_minute = 3'000;
    std::size_t mails_per_minute = 30'000;
    std::size_t unknown_recipients_per_minute = 100;
    std::size_t refused_logins_per_minute = 20;
    std::size_t max_peers = 10'000;
};

// Of a numeric address, or of the certificate's SHA-256 if it is not empty.
[[nodiscard]] std::string peer_key(std::string_view address, std::string_view certificate_sha256);

class peer_rates {
public:
    using time = std::chrono::steady_clock::time_point;
    explicit peer_rates(const peer_limits& limits) : limits_(limits) {}

    // A connection; when it may stay open (`open`), it is counted until closed().
    [[nodiscard]] gate opened(const std::string& key, time now);
    void closed(const std::string& key);
    [[nodiscard]] gate count(const std::string& key, rated what, time now);
    [[nodiscard]] std::size_t peers() const;

private:
    static constexpr std::size_t kinds = 4;
    struct peer {
        std::size_t open = 0;
        time since{};
        std::array<std::size_t, kinds> seen{};
    };
    peer& place(const std::string& key, time now);
    gate add(peer& one, std::size_t kind, std::size_t most);

    const peer_limits limits_;
    mutable std::mutex mutex_;
    std::map<std::string, peer, std::less<>> peers_;
};

// A mail that trickles in holds a place for as long as it likes, unless its bytes must come at a rate.
struct data_pace {
    std::chrono::seconds grace{60};
    std::uint64_t min_octets_per_second = 1024;
    // From 354 or BDAT on; so long may it have taken for so many octets.
    [[nodiscard]] std::chrono::milliseconds allowed(std::uint64_t octets) const noexcept
    {
        if (min_octets_per_second == 0) return std::chrono::hours(24);
        return grace + std::chrono::milliseconds(octets * 1000 / min_octets_per_second);
    }
};
}
