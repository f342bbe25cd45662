// relay/smtp/connection/connection_pool.hpp: idle connections of the SMTP client by pool_key, and TLS sessions to
// resume by pool_key and peer. Bounded per key and in total: the connection idle longest goes first. Internal to this
// room. Threads: all members from any thread but watch(), which runs on the I/O thread. The mutex is never held across
// a co_await.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "relay/io/stream.hpp"
#include "relay/smtp/connection/next_hop.hpp"

namespace relay::smtp {
using tcp_endpoint = boost::asio::ip::tcp::endpoint;

struct client_connection {
    client_connection(io::stream connected, tcp_endpoint where, std::string of, client_policy policy,
                      std::uint64_t begun)
        : peer(std::move(connected)), at(std::move(where)), host(std::move(of)), engine(std::move(policy)), epoch(begun)
    {
    }
    io::stream peer;
    tcp_endpoint at;
    std::string host;  // whose address it is
    client_engine engine;
    std::uint64_t epoch;  // of the pool, when its delivery began
    std::size_t mails = 0;
    bool session_kept = false;  // its TLS session was handed on
    bool reusable = false;      // the last dialogue ended in idle
    io::clock::time_point idle_since{};
};

struct pool_limits {
    std::chrono::seconds idle_limit{10};  // an idle connection is kept no longer than this
    std::size_t max_idle_per_key = 8;
    std::size_t max_idle = 64;
    std::size_t max_sessions = 256;
};

class connection_pool {
public:
    connection_pool(const boost::asio::any_io_executor& executor, pool_limits limits)
        : limits_(limits), timer_(executor)
    {
    }

    [[nodiscard]] std::unique_ptr<client_connection> take(const pool_key& wanted);
    static void put(const std::shared_ptr<connection_pool>& self, const pool_key& wanted,
                    std::unique_ptr<client_connection> ended);
    void drop_older_than(io::clock::time_point limit);
    // Nothing of before is handed out any more: neither what is idle nor what is in use and comes back, nor a session.
    void begin_epoch();
    [[nodiscard]] std::uint64_t epoch() const;
    [[nodiscard]] std::size_t idle_connections() const;

    // A session is handed out once (RFC 8446 §C.4).
    [[nodiscard]] std::shared_ptr<io::tls_session> take_session(const pool_key& wanted, const tcp_endpoint& at);
    void keep_session(const pool_key& wanted, client_connection& of);
    // A next hop that offers BINARYMIME and takes none is not tried in that form on the connections that come, in this
    // epoch; when there are more than max_sessions of them, all are forgotten.
    void note_refused_binary(const pool_key& by);
    [[nodiscard]] bool has_refused_binary(const pool_key& by) const;

private:
    static void watch(const std::shared_ptr<connection_pool>& self);
    void drop_oldest();

    const pool_limits limits_;
    mutable std::mutex mutex_;
    std::map<pool_key, std::vector<std::unique_ptr<client_connection>>> idle_;
    std::size_t count_ = 0;
    std::uint64_t epoch_ = 0;
    std::map<std::pair<pool_key, tcp_endpoint>, std::shared_ptr<io::tls_session>> sessions_;
    std::set<pool_key> without_binary_;
    boost::asio::steady_timer timer_;  // used on the I/O thread only
    bool watching_ = false;
};
}
