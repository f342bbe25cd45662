// relay/app/paced_tasks.hpp: coroutines of ours on one strand with a pause between their turns that can be cut short,
// and a drain: what the senders of letters and of acknowledgements share. The members marked "strand" are for those
// coroutines; the others are for any thread but the I/O thread. The runtime outlives this, and what the coroutines use
// outlives it too: an owner has it as its last member.
#pragma once

#include "relay/io/io_runtime.hpp"

namespace relay::app {
class paced_tasks {
public:
    explicit paced_tasks(io::io_runtime& runtime);
    paced_tasks(const paced_tasks&) = delete;
    paced_tasks& operator=(const paced_tasks&) = delete;

    void spawn(const char* name, io::awaitable<void> task) { tasks_.spawn(name, strand_, std::move(task)); }
    void wake();
    // Runs on the strand, between two steps of the coroutines. Must not throw.
    void post(std::function<void()> work) { boost::asio::post(strand_, std::move(work)); }
    // Tells the coroutines to stop; those that have not ended at `drain_until` are cancelled.
    void drain(io::clock::time_point drain_until);

    [[nodiscard]] bool is_stopping() const noexcept { return stopping_; }  // strand
    void begin_turn() noexcept { woken_ = false; }                         // strand: what wakes from now on counts
    void wake_here();                                                      // strand
    // strand: ends early when woken, now or since begin_turn(), or when stopping.
    io::awaitable<void> pause(std::chrono::milliseconds at_most);
    // strand: the whole time, unless stopping: for what is woken more often than it needs to look.
    io::awaitable<void> rest(std::chrono::milliseconds time);

private:
    boost::asio::strand<boost::asio::any_io_executor> strand_;
    boost::asio::steady_timer timer_;
    bool woken_ = false;
    bool stopping_ = false;
    io::task_group tasks_;  // last: its coroutines use all of the above
};
}
