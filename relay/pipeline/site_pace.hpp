// relay/pipeline/site_pace.hpp: how many mails at a time one site bears (design.md §5 "What the measured peers teach"):
// slow start, one more for each success, half on failure but only once per cohort, dead only after whole cohorts have
// failed, one probe at a time while dead. A site is a set of mail hosts. Pure: no I/O, points in time are handed in;
// one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace relay::pipeline {
using steady_time = std::chrono::steady_clock::time_point;

// What an attempt says about the site, whatever became of the mail.
enum class site_effect {
    none,         // nothing: the mail was not sent, or we cancelled it
    worked,       // the site answers, also by refusing this one recipient
    pushed_back,  // it asks for less: 421, 4.3.2, 4.7.x
    unreachable   // no address, no connection, no TLS, no SMTP, no login, or no reply: every mail would end so
};

struct pace_limits {
    std::size_t first_slots = 2;
    std::size_t most_slots = 16;
    std::size_t cohorts_until_dead = 3;
    std::chrono::milliseconds pause_first{5'000};  // after a push back, then twice as long each time
    std::chrono::milliseconds pause_most{300'000};
    std::chrono::milliseconds probe_first{10'000};  // between probes of a dead site, then twice as long each time
    std::chrono::milliseconds probe_most{300'000};
    std::chrono::milliseconds gap{0};  // between two starts: the rate limit
};

class site_pace {
public:
    explicit site_pace(pace_limits limits);
    void use(const pace_limits& limits) noexcept;  // from now on; more than its slots may still be under way

    // Something may start now, with `running` under way.
    [[nodiscard]] bool may_start(std::size_t running, steady_time now) const noexcept;
    // No start before this, however few run.
    [[nodiscard]] steady_time not_before() const noexcept { return not_before_; }
    // Gives what ended() takes back: attempts begun before the last halving say nothing new.
    [[nodiscard]] std::uint32_t started(steady_time now) noexcept;
    void ended(std::uint32_t begun, site_effect effect, steady_time now) noexcept;
    // A person says that the site is there again: a probe may start at once.
    void wake(steady_time now) noexcept;

    [[nodiscard]] std::size_t slots() const noexcept { return dead_ ? 1 : slots_; }
    [[nodiscard]] bool is_dead() const noexcept { return dead_; }

private:
    void worked() noexcept;
    void failed(std::uint32_t begun, steady_time now) noexcept;
    bool halve(std::uint32_t begun) noexcept;

    pace_limits limits_;
    std::size_t slots_;
    std::size_t slow_start_until_;
    std::size_t successes_ = 0;  // since slots_ last grew
    std::size_t failures_ = 0;   // of the running cohort, no success between
    std::size_t cohort_;         // how many make one
    std::size_t failed_cohorts_ = 0;
    std::uint32_t cohort_number_ = 0;  // a new one with each halving
    bool dead_ = false;
    std::chrono::milliseconds pause_{0};
    steady_time not_before_ = steady_time::min();
};
}
