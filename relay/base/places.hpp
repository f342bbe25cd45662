// relay/base/places.hpp: at most so many at the same time; whoever comes beyond is told so and does not wait.
//   const place mine(taken, most);
//   if (!mine) return busy;
// Threads: any. The count outlives its places.
#pragma once

#include <atomic>
#include <cstddef>

namespace relay::base {
class place {
public:
    place(std::atomic<std::size_t>& taken, std::size_t most) : taken_(taken), got_(taken.fetch_add(1) < most) {}
    ~place() { taken_.fetch_sub(1); }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    explicit operator bool() const noexcept { return got_; }

private:
    std::atomic<std::size_t>& taken_;
    const bool got_;
};
}
