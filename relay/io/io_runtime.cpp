#include "relay/io/io_runtime.hpp"

#include "relay/obs/log.hpp"
#include "relay/obs/metrics.hpp"

namespace relay::io {
worker_pool::worker_pool(std::size_t threads, std::size_t max_waiting) : threads_(threads), max_waiting_(max_waiting) {}

worker_pool::~worker_pool()
{
    join();
}

result<void> worker_pool::post(std::function<void()> work)
{
    if (waiting_.fetch_add(1) >= max_waiting_) {
        waiting_.fetch_sub(1);
        obs::add(obs::counter::offloads_refused);
        return make_error_code(errc::overloaded);
    }
    obs::move(obs::gauge::worker_queue, 1);
    asio::post(threads_, [this, work = std::move(work)] {
        waiting_.fetch_sub(1);
        obs::move(obs::gauge::worker_queue, -1);
        work();
    });
    return {};
}

void worker_pool::join()
{
    threads_.join();
}

namespace {
// Asio throws this out of the next co_await of a cancelled coroutine: an end we asked for, no failure.
bool is_cancellation(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}
}

struct task_group::task {
    asio::any_io_executor strand;
    asio::cancellation_signal signal;  // touched on the strand only
};

task_group::~task_group()
{
    cancel();
    join(clock::now() + std::chrono::seconds(5));
}

void task_group::spawn(std::string_view name, awaitable<void> body)
{
    spawn(name, asio::make_strand(executor_), std::move(body));
}

void task_group::spawn(std::string_view name, asio::any_io_executor strand, awaitable<void> body)
{
    auto made = std::make_shared<task>();
    made->strand = strand;
    std::list<std::shared_ptr<task>>::iterator place;
    {
        const std::lock_guard lock(mutex_);
        place = tasks_.insert(tasks_.end(), made);
    }
    auto finished = [this, place, name](std::exception_ptr failure) {
        const bool failed = failure && !is_cancellation(failure);
        if (failed) obs::error(obs::event::task_failed, "task={}", name);
        finish(place, failed ? how::failed : how::ended);
    };
    asio::co_spawn(strand, std::move(body), asio::bind_cancellation_slot(made->signal.slot(), std::move(finished)));
}

void task_group::finish(std::list<std::shared_ptr<task>>::iterator which, how end) noexcept
{
    if (end == how::failed) obs::add(obs::counter::tasks_failed);
    const std::lock_guard lock(mutex_);
    tasks_.erase(which);
    if (tasks_.empty()) none_left_.notify_all();
}

void task_group::cancel()
{
    const std::lock_guard lock(mutex_);
    for (const auto& one : tasks_) {
        asio::post(one->strand, [one] { one->signal.emit(asio::cancellation_type::all); });
    }
}

std::size_t task_group::running() const
{
    const std::lock_guard lock(mutex_);
    return tasks_.size();
}

bool task_group::join(clock::time_point deadline)
{
    std::unique_lock lock(mutex_);
    return none_left_.wait_until(lock, deadline, [this] { return tasks_.empty(); });
}

io_runtime::io_runtime(std::size_t worker_threads, std::size_t max_waiting_work)
    : work_(context_.get_executor()), pool_(worker_threads, max_waiting_work)
{
}

io_runtime::~io_runtime()
{
    stop();
}

void io_runtime::start()
{
    thread_ = std::thread([this] { context_.run(); });
}

// The pool first: late results are posted to a context that still runs.
void io_runtime::stop()
{
    pool_.join();
    lookups_.join();
    work_.reset();
    context_.stop();
    if (thread_.joinable()) thread_.join();
}
}
