// relay/base/clock.hpp: instants and the source of "now". Instants are UTC with millisecond precision (domain.md §3
// rule 11); rules take them as values, and only relay/app and tests choose where they come from.
#pragma once

#include <chrono>

namespace relay::base {
using instant = std::chrono::sys_time<std::chrono::milliseconds>;

class wall_clock {
public:
    virtual ~wall_clock() = default;
    [[nodiscard]] virtual instant now() const = 0;
};

// The machine's clock.
class system_wall_clock final : public wall_clock {
public:
    [[nodiscard]] instant now() const override
    {
        return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
};

// A clock moved by hand, for tests. Not thread-safe.
class manual_wall_clock final : public wall_clock {
public:
    explicit manual_wall_clock(instant start) : now_(start) {}
    [[nodiscard]] instant now() const override { return now_; }
    void set(instant value) { now_ = value; }
    void advance(std::chrono::milliseconds by) { now_ += by; }

private:
    instant now_;
};
}
