// relay/io/io_runtime.hpp: threads and waiting, shared by every edge (style.md §6).
// One I/O thread runs the io_context; what blocks (fsync, SQL, name look-up, certificate work) goes to the worker pool
// through offload(). One strand per connection: make_strand(runtime.executor()).
#pragma once

#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

#include "relay/base/result.hpp"
#include "relay/io/errc.hpp"

namespace relay::io {
namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
template <class T>
using awaitable = asio::awaitable<T>;

// Threads for blocking work. The queue is bounded: post() refuses when it is full.
class worker_pool {
public:
    explicit worker_pool(std::size_t threads, std::size_t max_waiting = 10'000);
    ~worker_pool();
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;
    [[nodiscard]] result<void> post(std::function<void()> work);  // work must not throw
    void join();                                                  // runs what is waiting, then ends the threads

private:
    asio::thread_pool threads_;
    const std::size_t max_waiting_;
    std::atomic<std::size_t> waiting_{0};
};

// Runs fn() -> result<T> on the pool and resumes on the caller's executor, which must be a strand or have one thread.
// Cancelled: completes at once with errc::cancelled; fn still runs to its end, and its late result is dropped.
// An exception of fn is thrown here. fn must own what it uses: it may outlive the caller.
template <class Work>
awaitable<std::invoke_result_t<Work&>> offload(worker_pool& pool, Work fn)
{
    using value_type = std::invoke_result_t<Work&>;
    struct state_type {
        explicit state_type(const asio::any_io_executor& executor) : done(executor, clock::time_point::max()) {}
        asio::steady_timer done;  // never expires: cancelled when the work is done
        std::optional<value_type> value;
        std::exception_ptr failure;
    };
    auto executor = co_await asio::this_coro::executor;
    auto state = std::make_shared<state_type>(executor);
    auto shared_fn = std::make_shared<Work>(std::move(fn));
    std::function<void()> work = [state, executor, shared_fn]() mutable {
        std::optional<value_type> value;
        std::exception_ptr failure;
        try {
            value.emplace((*shared_fn)());
        } catch (...) {
            failure = std::current_exception();
        }
        shared_fn.reset();  // what fn owns is released here, not on the I/O thread
        std::function<void()> hand_over = [state, value = std::move(value), failure]() mutable {
            state->value = std::move(value);
            state->failure = failure;
            state->done.cancel();
        };
        asio::post(executor, std::move(hand_over));
    };
    shared_fn.reset();
    if (auto posted = pool.post(std::move(work)); !posted.has_value()) co_return posted.error();
    error_code ignored;
    if (!state->value && !state->failure) {
        co_await state->done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (state->failure) std::rethrow_exception(state->failure);
    if (!state->value) co_return make_error_code(errc::cancelled);
    co_return std::move(*state->value);
}

// Races an operation against a point in time. The operation must honour cancellation, or the race waits for the loser.
// errc::timed_out or errc::cancelled if the operation did not end by itself.
template <class T>
awaitable<result<T>> with_deadline(clock::time_point deadline, awaitable<result<T>> operation)
{
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, deadline);
    auto race = asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(operation), asio::deferred),
                                                        timer.async_wait(asio::deferred));
    auto [order, failure, value, timer_ec] =
        co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (order[0] == 1) co_return make_error_code(timer_ec ? errc::cancelled : errc::timed_out);
    if (failure) std::rethrow_exception(failure);
    co_return std::move(value);
}

// Coroutines that can be joined: each is caught, logged and counted when it throws (its own cancellation
// is no failure). The group outlives its executor's
// last handler or is joined first. Threads: all members from any thread; join() never from the I/O thread.
class task_group {
public:
    explicit task_group(asio::any_io_executor executor) : executor_(std::move(executor)) {}
    ~task_group();
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    // `name` appears in the log line of a failure: a constant of the program. On `strand`, or on a new strand.
    void spawn(std::string_view name, awaitable<void> task);
    void spawn(std::string_view name, asio::any_io_executor strand, awaitable<void> task);
    void cancel();  // every running task, each on its own strand
    [[nodiscard]] std::size_t running() const;
    // True when no task is left at `deadline`.
    bool join(clock::time_point deadline);

private:
    struct task;
    enum class how { ended, failed };
    void finish(std::list<std::shared_ptr<task>>::iterator which, how end) noexcept;
    asio::any_io_executor executor_;
    mutable std::mutex mutex_;
    std::condition_variable none_left_;
    std::list<std::shared_ptr<task>> tasks_;
};

// The io_context, its thread and the worker pool. start() once; stop() ends the thread and joins the pool.
class io_runtime {
public:
    explicit io_runtime(std::size_t worker_threads = 4, std::size_t max_waiting_work = 10'000);
    ~io_runtime();
    io_runtime(const io_runtime&) = delete;
    io_runtime& operator=(const io_runtime&) = delete;

    [[nodiscard]] asio::any_io_executor executor() { return context_.get_executor(); }
    [[nodiscard]] asio::io_context& context() noexcept { return context_; }
    [[nodiscard]] worker_pool& pool() noexcept { return pool_; }
    // For name look-ups only: a dead resolver must not take the threads that make mail durable.
    [[nodiscard]] worker_pool& lookups() noexcept { return lookups_; }
    void start();
    void stop();

private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    worker_pool pool_;
    worker_pool lookups_{2};
    std::thread thread_;
};
}
