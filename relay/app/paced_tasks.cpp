#include "relay/app/paced_tasks.hpp"

namespace relay::app {
namespace asio = boost::asio;
namespace {
constexpr auto after_cancelling = std::chrono::seconds(10);
}

paced_tasks::paced_tasks(io::io_runtime& runtime)
    : strand_(asio::make_strand(runtime.executor())), timer_(strand_), tasks_(runtime.executor())
{
}

void paced_tasks::wake_here()
{
    woken_ = true;
    timer_.cancel();
}

void paced_tasks::wake()
{
    asio::post(strand_, [this] { wake_here(); });
}

void paced_tasks::drain(io::clock::time_point drain_until)
{
    asio::post(strand_, [this] {
        stopping_ = true;
        timer_.cancel();
    });
    if (tasks_.join(drain_until)) return;
    tasks_.cancel();
    tasks_.join(drain_until + after_cancelling);
}

io::awaitable<void> paced_tasks::rest(std::chrono::milliseconds time)
{
    const auto until = io::clock::now() + time;
    while (!stopping_ && io::clock::now() < until) {
        timer_.expires_at(until);
        error_code ignored;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    woken_ = true;  // whoever woke meanwhile is not forgotten
}

io::awaitable<void> paced_tasks::pause(std::chrono::milliseconds at_most)
{
    if (woken_ || stopping_) co_return;
    timer_.expires_after(at_most);
    error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}
}
