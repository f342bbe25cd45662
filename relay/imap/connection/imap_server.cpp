#include "relay/imap/connection/imap_server.hpp"

#include <atomic>
#include <list>
#include <mutex>

#include "relay/imap/connection/stop_signal.hpp"
#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

// g++ 12 takes Asio's per-thread frame allocator for a mismatch once it has inlined one half of it.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace relay::imap {
namespace asio = boost::asio;
using io::awaitable;

struct imap_server::shared {
    io::io_runtime& runtime;
    pipeline::ports::mailbox_accounts& accounts;
    base::current<io::tls_context> tls;
    imap_server_settings settings;
    stop_signal stop;
};

namespace {
constexpr std::chrono::seconds goodbye_time{2};

std::string_view word_of(end_reason reason)
{
    switch (reason) {
        case end_reason::logout: return "logout";
        case end_reason::autologout: return "autologout";
        case end_reason::login_failures: return "login_failures";
        case end_reason::bad_commands: return "bad_commands";
        case end_reason::oversized: return "oversized";
        case end_reason::plaintext_behind_starttls: return "plaintext_behind_starttls";
        case end_reason::shutdown: return "shutdown";
        case end_reason::lost: return "lost";
    }
    return "unknown";
}

using engine_ptr = std::shared_ptr<server_engine>;

// One conversation. Owned by its coroutine; the engine is shared with the worker that may still run its last step.
template <class Shared>
class conversation {
public:
    conversation(std::shared_ptr<Shared> server, io::stream peer, tls_policy policy)
        : server_(std::move(server)),
          peer_(std::move(peer)),
          policy_(policy),
          engine_(std::make_shared<server_engine>(server_->accounts, policy, server_->settings.limits)),
          login_until_(io::clock::now() + server_->settings.limits.login_time)
    {
    }

    awaitable<void> run()
    {
        // After a cancellation we still say BYE, for which awaiting must go on working.
        co_await asio::this_coro::throw_if_cancelled(false);
        const auto executor = co_await asio::this_coro::executor;
        obs::add(obs::counter::imap_connections);
        const auto stop = server_->stop.subscribe(executor);
        if (policy_ == tls_policy::already_on && !co_await secure()) co_return;
        result<action> next = engine_->start();
        while (next.has_value()) {
            if (const auto* done = std::get_if<finished>(&*next)) {
                obs::info(obs::event::imap_closed, "reason={}", word_of(done->reason));
                co_await peer_.close(io::clock::now() + goodbye_time);
                co_return;
            }
            note_logins();
            next = co_await follow(*next, *stop);
        }
        peer_.abort();  // the engine may still be with a worker: it is not asked any more
    }

private:
    awaitable<result<action>> follow(action asked, asio::steady_timer& stop)
    {
        if (const auto* out = std::get_if<send>(&asked)) {
            const auto sent = co_await peer_.write_all(out->bytes, io::clock::now() + server_->settings.send_time);
            if (sent.has_error()) co_return engine_->on_lost(sent.error());
            co_return co_await step_sent();
        }
        if (std::holds_alternative<start_tls>(asked)) {
            const bool secured = co_await secure();
            if (!secured) co_return engine_->on_lost(make_error_code(io::errc::tls_failed));
            co_return engine_->on_tls_ready();
        }
        if (const auto* pause = std::get_if<wait>(&asked)) co_return co_await pause_for(pause->time, stop);
        co_return co_await receive_within(std::get<receive>(asked).within, stop);
    }

    awaitable<result<action>> step_sent()
    {
        if (!engine_->may_block()) co_return engine_->on_sent();
        auto step = [engine = engine_]() -> result<action> { return engine->on_sent(); };
        co_return co_await io::offload(server_->runtime.pool(), std::move(step));
    }

    awaitable<result<action>> pause_for(std::chrono::milliseconds time, asio::steady_timer& stop)
    {
        if (time.count() > 0) {
            asio::steady_timer timer(co_await asio::this_coro::executor, time);
            if (co_await until_stopped(timer, stop) == woken_by::stop) co_return engine_->on_shutdown();
        }
        auto step = [engine = engine_]() -> result<action> { return engine->on_waited(); };
        co_return co_await io::offload(server_->runtime.pool(), std::move(step));
    }

    awaitable<result<action>> receive_within(std::chrono::seconds within, asio::steady_timer& stop)
    {
        auto deadline = io::clock::now() + within;
        if (!engine_->authenticated()) deadline = std::min(deadline, login_until_);
        const auto got = co_await read_until_stopped(peer_, buffer_, deadline, stop);
        if (got.has_error()) {
            if (got.error() == io::errc::timed_out) co_return engine_->on_timeout();
            if (got.error() == io::errc::cancelled) co_return engine_->on_shutdown();
            co_return engine_->on_lost(got.error());
        }
        // Copied: a cancelled connection goes away while the worker still reads.
        auto step = [engine = engine_, bytes = std::string(buffer_.data(), *got)]() -> result<action> {
            return engine->on_received(bytes);
        };
        co_return co_await io::offload(server_->runtime.pool(), std::move(step));
    }

    awaitable<bool> secure()
    {
        const auto deadline = io::clock::now() + server_->settings.handshake_time;
        const auto secured = co_await peer_.start_tls(server_->tls.get(), "", std::min(deadline, login_until_));
        if (secured.has_error())
            obs::info(obs::event::tls_failed, "peer={} code={}", peer_.peer_address(), secured.error().value());
        co_return secured.has_value();
    }

    void note_logins()
    {
        if (engine_->failed_logins() > failed_) {
            failed_ = engine_->failed_logins();
            obs::add(obs::counter::imap_logins_refused);
            obs::warn(obs::event::imap_login_refused, "peer={} count={}", peer_.peer_address(), failed_);
        }
        if (engine_->authenticated() && !std::exchange(logged_in_, true))
            obs::info(obs::event::imap_login, "peer={}", peer_.peer_address());
    }

    std::shared_ptr<Shared> server_;
    io::stream peer_;
    tls_policy policy_;
    engine_ptr engine_;
    io::clock::time_point login_until_;
    std::array<char, 8192> buffer_{};
    std::size_t failed_ = 0;
    bool logged_in_ = false;
};

template <class Shared>
awaitable<void> serve(std::shared_ptr<Shared> server, io::stream peer, tls_policy policy)
{
    const auto talk = std::make_unique<conversation<Shared>>(std::move(server), std::move(peer), policy);
    obs::move(obs::gauge::imap_connections_open, 1);
    struct closing {
        ~closing() { obs::move(obs::gauge::imap_connections_open, -1); }
    } const counted;
    co_await talk->run();
}
}

imap_server::imap_server(io::io_runtime& runtime, pipeline::ports::mailbox_accounts& accounts,
                         std::shared_ptr<io::tls_context> tls, const imap_server_settings& settings)
    : shared_(new shared{runtime, accounts, base::current<io::tls_context>(std::move(tls)), settings, {}})
{
    const auto listen = [this](tls_policy policy) {
        auto handler = [server = shared_, policy](io::stream peer) { return serve(server, std::move(peer), policy); };
        io::listener_limits limits;
        limits.max_connections = shared_->settings.max_connections;
        return std::make_unique<io::listener>(shared_->runtime.executor(), std::move(handler), limits);
    };
    if (settings.implicit_tls) implicit_ = listen(tls_policy::already_on);
    if (settings.starttls) starttls_ = listen(tls_policy::starttls_required);
}

imap_server::~imap_server()
{
    drain(io::clock::now());
}

result<void> imap_server::open()
{
    if (implicit_) {
        const auto bound = implicit_->open(*shared_->settings.implicit_tls);
        if (bound.has_error()) return bound.error();
    }
    if (starttls_) {
        const auto bound = starttls_->open(*shared_->settings.starttls);
        if (bound.has_error()) return bound.error();
    }
    return {};
}

void imap_server::use(std::shared_ptr<io::tls_context> tls, std::size_t max_connections)
{
    shared_->tls.set(std::move(tls));
    if (implicit_) implicit_->allow(max_connections);
    if (starttls_) starttls_->allow(max_connections);
}

std::uint16_t imap_server::implicit_tls_port() const
{
    return implicit_ ? implicit_->bound().port() : std::uint16_t{0};
}

std::uint16_t imap_server::starttls_port() const
{
    return starttls_ ? starttls_->bound().port() : std::uint16_t{0};
}

void imap_server::drain(io::clock::time_point drain_until)
{
    if (implicit_) implicit_->stop();
    if (starttls_) starttls_->stop();
    shared_->stop.raise();
    if (implicit_) implicit_->drain(drain_until);
    if (starttls_) starttls_->drain(drain_until);
}
}
