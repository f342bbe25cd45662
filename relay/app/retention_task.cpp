#include "relay/app/retention_task.hpp"

#include "relay/obs/log.hpp"

namespace relay::app {
namespace {
using namespace std::chrono_literals;
constexpr auto first_after = 5s;  // letters come first after a start
constexpr auto every = 10min;
}

void retention_task::start()
{
    thread_ = std::thread([this] { run(); });
}

void retention_task::stop()
{
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

bool retention_task::going()
{
    const std::lock_guard lock(mutex_);
    return !stopping_;
}

void retention_task::run()
{
    std::chrono::steady_clock::duration pause = first_after;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (changed_.wait_for(lock, pause, [this] { return stopping_; })) return;
        }
        pause = every;
        try {
            work_([this] { return going(); });
        } catch (const std::exception&) {
            obs::error(obs::event::task_failed, "task=retention");
        }
    }
}
}
