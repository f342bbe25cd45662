#include "relay/mllp/connection/mllp_client.hpp"

#include <array>
#include <stdexcept>

#include "relay/obs/metrics.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::mllp {
using engine_type = client_engine;

struct mllp_client::connection {
    connection(io::stream connected, std::chrono::seconds answer_within)
        : peer(std::move(connected)), engine(answer_within)
    {
    }
    io::stream peer;
    client_engine engine;
};

mllp_client::mllp_client(io::io_runtime& runtime, client_settings settings)
    : runtime_(runtime), settings_(std::move(settings))
{
    if (!settings_.tls || settings_.tls->role() != io::tls_role::client)
        throw std::invalid_argument("mllp_client: TLS of the client role is required");
}

mllp_client::~mllp_client() = default;

void mllp_client::close()
{
    connection_.reset();
}

io::awaitable<result<std::unique_ptr<mllp_client::connection>>> mllp_client::open()
{
    const auto limit = io::clock::now() + settings_.connect_timeout;
    auto looking = io::resolve(runtime_.lookups(), settings_.at);
    auto endpoints = co_await io::with_deadline(limit, std::move(looking));
    if (endpoints.has_error()) co_return endpoints.error();
    auto connecting = io::connect(std::move(*endpoints), limit);
    auto peer = co_await std::move(connecting);
    if (peer.has_error()) co_return peer.error();
    const std::string& host = settings_.server_name.empty() ? settings_.at.host : settings_.server_name;
    const auto secured = co_await (*peer)->start_tls(settings_.tls, host, limit);
    if (secured.has_error()) co_return secured.error();
    obs::add(obs::counter::mllp_connections_out);
    co_return std::make_unique<connection>(std::move(**peer), settings_.answer_timeout);
}

io::awaitable<exchange> mllp_client::send(std::string message)
{
    auto used = std::move(connection_);  // only put back when its dialogue ended as it should
    if (used && used->peer.has_news()) used.reset();
    if (!used) {
        auto opening = open();
        auto opened = co_await std::move(opening);
        if (opened.has_error()) co_return exchange{exchange::end::unreachable, {}, opened.error()};
        used = std::move(*opened);
    }
    std::array<char, 8 * 1024> buffer;
    auto& engine = used->engine;
    for (auto next = engine.start(message); !std::holds_alternative<engine_type::finished>(next);) {
        if (const auto* out = std::get_if<engine_type::send>(&next)) {
            const auto sent = co_await used->peer.write_all(out->bytes, io::clock::now() + out->within);
            next = sent.has_value() ? engine.on_sent() : engine.on_lost();
        } else {
            const auto limit = io::clock::now() + std::get<engine_type::receive>(next).within;
            const auto got = co_await used->peer.read_some(buffer, limit);
            next = got.has_value() ? engine.on_received({buffer.data(), *got}) : engine.on_lost();
        }
    }
    exchange ended{exchange::end::unanswered, engine.answer(), {}};
    if (!ended.answer.empty()) ended.how = exchange::end::answered;
    if (engine.is_reusable()) connection_ = std::move(used);
    co_return ended;
}
}
