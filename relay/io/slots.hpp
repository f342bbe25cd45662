// relay/io/slots.hpp: a fixed number of places that coroutines wait for in their order: what bounds the work in
// hand over all connections. A place is given back when its `slot` is destroyed. Threads: any; a coroutine
// that waits is resumed on its own strand. The slots outlive every slot and every waiting coroutine.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "relay/io/io_runtime.hpp"

namespace relay::io {
class slots {
public:
    class slot {
    public:
        explicit slot(slots& from) noexcept : from_(&from) {}
        slot(slot&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
        slot& operator=(slot&& other) noexcept
        {
            std::swap(from_, other.from_);
            return *this;
        }
        ~slot()
        {
            if (from_ != nullptr) from_->give_back();
        }

    private:
        slots* from_;
    };

    explicit slots(std::size_t count) : free_(count) {}
    slots(const slots&) = delete;
    slots& operator=(const slots&) = delete;

    // nullopt: none came free until the deadline.
    [[nodiscard]] awaitable<std::optional<slot>> take(clock::time_point deadline);

private:
    struct waiter;
    struct queued;
    void give_back();

    std::mutex mutex_;
    std::size_t free_;
    std::deque<std::shared_ptr<waiter>> waiting_;
};
}
