#include "relay/io/listener.hpp"

#include "relay/io/early_sockets.hpp"
#include "relay/obs/log.hpp"

namespace relay::io {
using tcp = asio::ip::tcp;

struct listener::state : std::enable_shared_from_this<listener::state> {
    state(const asio::any_io_executor& runs_on, handler on_connection, const listener_limits& allowed)
        : executor(runs_on),
          strand(asio::make_strand(runs_on)),
          acceptor(strand),
          slot_free(strand, clock::time_point::max()),
          handle(std::move(on_connection)),
          most(allowed.max_connections),
          accepting(runs_on),
          connections(runs_on)
    {
    }
    asio::any_io_executor executor;
    asio::any_io_executor strand;
    tcp::acceptor acceptor;
    asio::steady_timer slot_free;  // cancelled when a connection ends
    handler handle;
    std::atomic<std::size_t> most;
    std::atomic<std::size_t> open{0};
    tcp::endpoint bound;
    task_group accepting;
    task_group connections;
};

namespace {
template <class State>
awaitable<void> serve(State& state, tcp::socket socket)
{
    // Released also when the handler throws. The slot is told on the listener's strand.
    struct slot {
        State& owner;
        ~slot()
        {
            owner.open.fetch_sub(1);
            asio::post(owner.strand, [kept = owner.shared_from_this()] { kept->slot_free.cancel(); });
        }
    };
    const slot held{state};
    stream peer(std::move(socket));
    auto running = state.handle(std::move(peer));
    co_await std::move(running);
}

template <class State>
awaitable<void> accept_all(State& state, const asio::any_io_executor executor)
{
    while (state.acceptor.is_open()) {
        error_code ec;
        if (state.open.load() >= state.most.load()) {
            state.slot_free.expires_at(clock::now() + std::chrono::seconds(1));
            co_await state.slot_free.async_wait(asio::redirect_error(asio::use_awaitable, ec));
            continue;
        }
        auto strand = asio::make_strand(executor);
        tcp::socket socket(strand);
        co_await state.acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted || !state.acceptor.is_open()) co_return;
        if (ec) {  // out of descriptors, or the peer is gone already: go on, but not in a tight loop
            obs::warn(obs::event::accept_failed, "code={}", ec.value());
            state.slot_free.expires_after(std::chrono::milliseconds(100));
            co_await state.slot_free.async_wait(asio::redirect_error(asio::use_awaitable, ec));
            continue;
        }
        state.open.fetch_add(1);
        auto serving = serve(state, std::move(socket));
        state.connections.spawn("connection", strand, std::move(serving));
    }
}
}

listener::listener(asio::any_io_executor executor, handler on_connection, const listener_limits& limits)
    : state_(std::make_shared<state>(executor, std::move(on_connection), limits))
{
}

listener::~listener()
{
    drain(clock::now());
}

result<tcp::endpoint> listener::open(const host_port& at)
{
    error_code failed;
    const auto address = asio::ip::make_address(at.host, failed);
    if (failed) return make_error_code(errc::bad_address);
    const tcp::endpoint wanted(address, at.port);
    auto& acceptor = state_->acceptor;
    if (const auto early = take_early(wanted)) {
        acceptor.assign(wanted.protocol(), *early, failed);
    } else {
        acceptor.open(wanted.protocol(), failed);
        if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
        if (!failed) acceptor.bind(wanted, failed);
    }
    if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) {
        error_code ignored;
        acceptor.close(ignored);
        return failed;
    }
    state_->bound = acceptor.local_endpoint();
    obs::info(obs::event::listener_open, "at={}", write_host_port(state_->bound));
    auto accepting = accept_all(*state_, state_->executor);
    state_->accepting.spawn("accept", state_->strand, std::move(accepting));
    return state_->bound;
}

tcp::endpoint listener::bound() const
{
    return state_->bound;
}
std::size_t listener::connections() const
{
    return state_->open.load();
}

void listener::allow(std::size_t max_connections)
{
    state_->most = max_connections;
}

void listener::stop()
{
    asio::post(state_->strand, [state = state_] {
        error_code ignored;
        state->acceptor.close(ignored);
        state->slot_free.cancel();
    });
    state_->accepting.join(clock::now() + std::chrono::seconds(5));
}

void listener::drain(clock::time_point drain_until)
{
    stop();
    if (state_->connections.join(drain_until)) return;
    state_->connections.cancel();
    state_->connections.join(clock::now() + std::chrono::seconds(5));
}
}
