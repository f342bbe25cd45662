#include "relay/io/slots.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::io {

struct slots::waiter {
    waiter(const asio::any_io_executor& executor, clock::time_point deadline) : timer(executor, deadline) {}
    asio::steady_timer timer;
    bool granted = false;
};

// Leaves the queue however the wait ends; a place granted to a coroutine that was cancelled goes on to the next one.
struct slots::queued {
    slots& owner;
    std::shared_ptr<waiter> mine;
    bool taken = false;

    [[nodiscard]] bool settle()
    {
        const std::lock_guard lock(owner.mutex_);
        taken = mine->granted;
        return taken;
    }
    ~queued()
    {
        if (taken) return;
        {
            const std::lock_guard lock(owner.mutex_);
            std::erase(owner.waiting_, mine);
            if (!mine->granted) return;
        }
        owner.give_back();
    }
};

awaitable<std::optional<slots::slot>> slots::take(clock::time_point deadline)
{
    auto executor = co_await asio::this_coro::executor;
    std::shared_ptr<waiter> mine;
    {
        const std::lock_guard lock(mutex_);
        if (free_ > 0) {
            --free_;
            co_return std::optional<slot>(std::in_place, *this);
        }
        mine = waiting_.emplace_back(std::make_shared<waiter>(executor, deadline));
    }
    queued place{*this, mine};
    error_code ignored;
    co_await mine->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!place.settle()) co_return std::nullopt;
    co_return std::optional<slot>(std::in_place, *this);
}

void slots::give_back()
{
    std::shared_ptr<waiter> next;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) {
            ++free_;
            return;
        }
        next = std::move(waiting_.front());
        waiting_.pop_front();
        next->granted = true;
    }
    // On its strand: it is either waiting already, or will not have begun to before this runs.
    auto executor = next->timer.get_executor();
    asio::post(executor, [next = std::move(next)] { next->timer.cancel(); });
}
}
