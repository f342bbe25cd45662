// relay/base/current.hpp: the value in use now, swapped whole while others read it. Who has taken a value keeps it,
// alive and unchanged, however often it is swapped meanwhile. Threads: any. Never null once made.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace relay::base {
template <class T>
class current {
public:
    explicit current(std::shared_ptr<T> first) : value_(std::move(first)) {}
    current(const current&) = delete;
    current& operator=(const current&) = delete;

    [[nodiscard]] std::shared_ptr<T> get() const
    {
        const std::lock_guard lock(mutex_);
        return value_;
    }
    void set(std::shared_ptr<T> next)
    {
        {
            const std::lock_guard lock(mutex_);
            value_.swap(next);
        }
        next.reset();  // what it owned ends outside the lock
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<T> value_;
};
}
