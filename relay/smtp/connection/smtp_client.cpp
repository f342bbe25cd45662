#include "relay/smtp/connection/smtp_client.hpp"

#include <array>
#include <stdexcept>

#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::smtp {
namespace asio = boost::asio;
using engine_type = client_engine;

struct smtp_client::connection {
    connection(io::stream connected, client_policy policy) : peer(std::move(connected)), engine(std::move(policy)) {}
    io::stream peer;
    client_engine engine;
    std::size_t mails = 0;
    bool reusable = false;  // the last dialogue ended in idle
    io::clock::time_point idle_since{};
};

// The mutex is never held across a co_await.
struct smtp_client::pool {
    explicit pool(const asio::any_io_executor& executor) : timer(executor) {}
    std::unique_ptr<connection> take(const key& wanted);
    void put(const key& wanted, std::unique_ptr<connection> idle, const client_settings& settings);
    void drop_older_than(io::clock::time_point limit);
    static void watch(const std::shared_ptr<pool>& self, std::chrono::seconds idle_limit);

    mutable std::mutex mutex;
    std::map<key, std::vector<std::unique_ptr<connection>>> idle;
    asio::steady_timer timer;  // used on the I/O thread only
    bool watching = false;
};

std::unique_ptr<smtp_client::connection> smtp_client::pool::take(const key& wanted)
{
    const std::lock_guard lock(mutex);
    const auto found = idle.find(wanted);
    while (found != idle.end() && !found->second.empty()) {
        auto candidate = std::move(found->second.back());
        found->second.pop_back();
        if (!candidate->peer.has_news()) return candidate;  // news on an idle connection is its end
    }
    return nullptr;
}

void smtp_client::pool::put(const key& wanted, std::unique_ptr<connection> ended, const client_settings& settings)
{
    const std::lock_guard lock(mutex);
    auto& same = idle[wanted];
    if (same.size() >= settings.max_idle_per_key) return;
    ended->idle_since = io::clock::now();
    same.push_back(std::move(ended));
}

void smtp_client::pool::drop_older_than(io::clock::time_point limit)
{
    const std::lock_guard lock(mutex);
    for (auto one = idle.begin(); one != idle.end();) {
        std::erase_if(one->second, [&](const auto& candidate) { return candidate->idle_since <= limit; });
        one = one->second.empty() ? idle.erase(one) : std::next(one);
    }
}

// Runs on the I/O thread while there is something idle.
void smtp_client::pool::watch(const std::shared_ptr<pool>& self, std::chrono::seconds idle_limit)
{
    self->timer.expires_after(std::chrono::seconds(1));
    self->timer.async_wait([weak = std::weak_ptr<pool>(self), idle_limit](const error_code& ec) {
        const auto alive = weak.lock();
        if (!alive || ec) return;
        alive->drop_older_than(io::clock::now() - idle_limit);
        {
            const std::lock_guard lock(alive->mutex);
            alive->watching = !alive->idle.empty();
            if (!alive->watching) return;
        }
        watch(alive, idle_limit);
    });
}

namespace {
loss to_loss(const error_code& ec)
{
    if (ec == io::errc::timed_out) return loss::timed_out;
    if (ec == io::errc::cancelled) return loss::cancelled;
    if (ec == io::errc::tls_refused) return loss::tls_refused;
    if (ec == io::errc::tls_failed) return loss::tls_failed;
    if (ec == io::errc::certificate_untrusted || ec == io::errc::certificate_expired || ec == io::errc::name_mismatch) {
        return loss::certificate_untrusted;
    }
    return loss::closed;
}

delivery_report not_connected(const error_code& why)
{
    delivery_report report;
    report.outcome.ec = why == io::errc::cancelled ? delivery_errc::cancelled : delivery_errc::peer_unreachable;
    report.outcome.where = stage::connect;
    return report;
}

void record(const delivery_report& report)
{
    obs::add(obs::counter::delivery_attempts);
    if (report.outcome.is_accepted()) return;
    obs::info(obs::event::smtp_attempt, "peer={} stage={} code={} why=\"{}\"", report.peer_address,
              name(report.outcome.where), report.outcome.code, report.outcome.ec.message());
}
}

smtp_client::smtp_client(io::io_runtime& runtime, client_settings settings)
    : runtime_(runtime), settings_(std::move(settings)), pool_(std::make_shared<pool>(runtime.executor()))
{
}

smtp_client::~smtp_client()
{
    close_idle();
}

// No QUIT: nothing is under way, and a peer that matters less than our shutdown sees the end of the connection.
void smtp_client::close_idle()
{
    pool_->drop_older_than(io::clock::time_point::max());
}

std::size_t smtp_client::idle_connections() const
{
    const std::lock_guard lock(pool_->mutex);
    std::size_t count = 0;
    for (const auto& [where, connections] : pool_->idle) count += connections.size();
    return count;
}

io::awaitable<result<std::unique_ptr<smtp_client::connection>>> smtp_client::open(const next_hop& hop,
                                                                                  io::clock::time_point deadline)
{
    const auto limit = std::min(deadline, io::clock::now() + settings_.connect_timeout);
    auto looking = io::resolve(runtime_.lookups(), hop.at);
    auto endpoints = co_await io::with_deadline(limit, std::move(looking));
    if (endpoints.has_error()) co_return endpoints.error();
    auto connecting = io::connect(std::move(*endpoints), limit);
    auto peer = co_await std::move(connecting);
    if (peer.has_error()) co_return peer.error();
    obs::add(obs::counter::smtp_connections_out);
    client_policy policy{settings_.helo_name, hop.policy, settings_.timeouts, {}};
    co_return std::make_unique<connection>(std::move(**peer), std::move(policy));
}

io::awaitable<void> smtp_client::attempt(connection& used, const next_hop& hop, outgoing_mail mail,
                                         io::clock::time_point deadline)
{
    std::array<char, 8 * 1024> buffer;
    auto& engine = used.engine;
    used.reusable = false;
    for (auto next = used.mails++ == 0 ? engine.start(std::move(mail)) : engine.next_transaction(std::move(mail));;) {
        if (std::holds_alternative<engine_type::finished>(next)) break;
        if (std::holds_alternative<engine_type::idle>(next)) {
            used.reusable = used.mails < settings_.max_mails_per_connection;
            if (used.reusable) break;
            next = engine.quit();
        } else if (const auto* out = std::get_if<engine_type::send>(&next)) {
            const auto limit = std::min(deadline, io::clock::now() + out->within);
            const auto sent = co_await used.peer.write_all(out->bytes, limit);
            next = sent.has_value() ? engine.on_sent() : engine.on_lost(to_loss(sent.error()));
        } else if (const auto* in = std::get_if<engine_type::receive>(&next)) {
            const auto limit = std::min(deadline, io::clock::now() + in->within);
            const auto got = co_await used.peer.read_some(buffer, limit);
            next = got.has_value() ? engine.on_received({buffer.data(), *got}) : engine.on_lost(to_loss(got.error()));
        } else {
            const auto limit = std::min(deadline, io::clock::now() + std::get<engine_type::start_tls>(next).within);
            const std::string& host = hop.tls_name.empty() ? hop.at.host : hop.tls_name;
            const auto secured = co_await used.peer.start_tls(hop.tls, host, limit);
            next = secured.has_value() ? engine.on_tls_ready() : engine.on_lost(to_loss(secured.error()));
        }
    }
}

io::awaitable<delivery_report> smtp_client::deliver(next_hop hop, outgoing_mail mail, io::clock::time_point deadline)
{
    if (hop.policy == tls_policy::required && !hop.tls) throw std::invalid_argument("smtp_client: TLS without context");
    const key where{hop.at, hop.tls_name, hop.policy, hop.tls ? hop.tls->identity() : std::string()};
    delivery_report report;
    for (bool again = true; std::exchange(again, false);) {
        auto used = pool_->take(where);
        report.used = used ? delivery_report::connection::reused : delivery_report::connection::fresh;
        try {
            if (!used) {
                auto opening = open(hop, deadline);
                auto opened = co_await std::move(opening);
                if (opened.has_error()) {
                    report = not_connected(opened.error());
                    break;
                }
                used = std::move(*opened);
            }
            auto attempting = attempt(*used, hop, mail, deadline);
            co_await std::move(attempting);
        } catch (const boost::system::system_error& error) {
            // Asio throws out of a co_await once the caller is cancelled; what the engine knows still has to be told.
            if (error.code() != asio::error::operation_aborted) throw;
            if (!used) {
                report = not_connected(io::errc::cancelled);
                break;
            }
            static_cast<void>(used->engine.on_lost(loss::cancelled));
        }
        report.outcome = used->engine.outcome();
        report.tls = used->peer.tls();
        report.peer_address = used->peer.peer_address();
        again = report.used == delivery_report::connection::reused && used->engine.was_stale();
        if (report.used == delivery_report::connection::reused && !again)
            obs::add(obs::counter::smtp_connections_reused);
        if (used->reusable) {
            pool_->put(where, std::move(used), settings_);
            asio::post(runtime_.executor(), [kept = pool_, limit = settings_.idle_limit] {
                {
                    const std::lock_guard lock(kept->mutex);
                    if (std::exchange(kept->watching, true)) return;
                }
                pool::watch(kept, limit);
            });
        }
    }
    record(report);
    co_return report;
}
}
