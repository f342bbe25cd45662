#include "relay/imap/connection/stop_signal.hpp"

#include <boost/asio/experimental/parallel_group.hpp>

// g++ 12 takes Asio's per-thread frame allocator for a mismatch once it has inlined one half of it.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace relay::imap {
namespace asio = boost::asio;

// An expired timer stays expired, so a signal raised between two waits ends the next one.
std::shared_ptr<asio::steady_timer> stop_signal::subscribe(const asio::any_io_executor& strand)
{
    auto timer = std::make_shared<asio::steady_timer>(strand, io::clock::time_point::max());
    const std::lock_guard lock(mutex_);
    if (raised_) timer->expires_at(io::clock::time_point::min());
    std::erase_if(waiting_, [](const auto& each) { return each.expired(); });
    waiting_.push_back(timer);
    return timer;
}

void stop_signal::raise()
{
    const std::lock_guard lock(mutex_);
    raised_ = true;
    for (const auto& each : waiting_) {
        auto timer = each.lock();
        if (!timer) continue;
        const auto strand = timer->get_executor();
        asio::post(strand, [timer = std::move(timer)] { timer->expires_at(io::clock::time_point::min()); });
    }
    waiting_.clear();
}

io::awaitable<woken_by> until_stopped(asio::steady_timer& timer, asio::steady_timer& stop)
{
    auto race =
        asio::experimental::make_parallel_group(timer.async_wait(asio::deferred), stop.async_wait(asio::deferred));
    auto [order, timer_ec, stop_ec] = co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    co_return order[0] == 0 && !timer_ec ? woken_by::time : woken_by::stop;
}

io::awaitable<result<std::size_t>> read_until_stopped(io::stream& from, std::span<char> into,
                                                      io::clock::time_point deadline, asio::steady_timer& stop)
{
    auto executor = co_await asio::this_coro::executor;
    auto reading = from.read_some(into, deadline);
    auto race = asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(reading), asio::deferred),
                                                        stop.async_wait(asio::deferred));
    auto [order, failure, got, stop_ec] =
        co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (order[0] == 1) co_return make_error_code(io::errc::cancelled);
    if (failure) std::rethrow_exception(failure);
    co_return got;
}
}
