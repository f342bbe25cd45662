// relay/store/snapshots.hpp: which readers may still see what a commit has removed: space beside the database is given
// back only when none can. Private to relay/store; safe from any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>

namespace relay::store {
class snapshots {
public:
    using ticket = std::uint64_t;

    // Held by a reader from before its transaction begins until after it ended.
    class reader {
    public:
        explicit reader(snapshots& of) : of_(of), ticket_(of.begin()) {}
        reader(const reader&) = delete;
        reader& operator=(const reader&) = delete;
        ~reader() { of_.end(ticket_); }

    private:
        snapshots& of_;
        const ticket ticket_;
    };

    // The newest reader so far: taken after a commit, it tells who may have begun before it.
    [[nodiscard]] ticket newest() const
    {
        const std::lock_guard lock(mutex_);
        return last_;
    }
    // Readers up to this one have ended.
    [[nodiscard]] bool ended(ticket until) const
    {
        const std::lock_guard lock(mutex_);
        return open_.empty() || *open_.begin() > until;
    }

private:
    ticket begin()
    {
        const std::lock_guard lock(mutex_);
        open_.insert(++last_);
        return last_;
    }
    void end(ticket one)
    {
        const std::lock_guard lock(mutex_);
        open_.erase(one);
    }

    mutable std::mutex mutex_;
    std::set<ticket> open_;
    ticket last_ = 0;
};
}
