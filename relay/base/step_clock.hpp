// relay/base/step_clock.hpp: how long a thread is at what it does. A long-lived thread of its own begins a step where
// it takes up what must end, and lets go of it where it waits for more; whoever feeds the watchdog asks how long the
// step under way has lasted.
//   const base::step_clock::step now(clock_of_this_thread);
// Threads: one takes steps, any asks.
#pragma once

#include <atomic>
#include <chrono>

namespace relay::base {
class step_clock {
public:
    using clock = std::chrono::steady_clock;

    class step {
    public:
        explicit step(step_clock& of, clock::time_point now = clock::now()) : of_(of)
        {
            of_.since_.store(now.time_since_epoch().count());
        }
        ~step() { of_.since_.store(none); }
        step(const step&) = delete;
        step& operator=(const step&) = delete;

    private:
        step_clock& of_;
    };

    // Zero between two steps.
    [[nodiscard]] clock::duration lasting(clock::time_point now = clock::now()) const noexcept
    {
        const clock::rep since = since_.load();
        return since == none ? clock::duration::zero() : now - clock::time_point(clock::duration(since));
    }

private:
    static constexpr clock::rep none = -1;
    std::atomic<clock::rep> since_{none};
};
}
