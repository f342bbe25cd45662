#include "relay/app/heartbeat.hpp"

#include "relay/obs/log.hpp"

namespace relay::app {
namespace {
constexpr int beats_in_a_timeout = 4;
}

heartbeat::heartbeat(io::io_runtime& runtime, pipeline::ports::store& store, const service_manager& manager,
                     step_age longest_step)
    : runtime_(runtime), store_(store), manager_(manager), longest_step_(std::move(longest_step)), tasks_(runtime)
{
}

void heartbeat::start()
{
    if (const auto limit = manager_.watchdog())
        tasks_.spawn("heartbeat", run(std::chrono::duration_cast<std::chrono::milliseconds>(*limit)));
}

void heartbeat::stop()
{
    tasks_.drain(io::clock::now());
}

io::awaitable<void> heartbeat::run(std::chrono::milliseconds limit)
{
    while (!tasks_.is_stopping()) {
        tasks_.begin_turn();
        auto step = [this]() -> result<void> {
            // Full, read-only or broken, the store has answered, and so has this worker.
            (void)store_.write([](pipeline::ports::transaction&) {});
            return {};
        };
        const auto done = co_await io::offload(runtime_.pool(), std::move(step));
        if (done.has_value() && longest_step_() < limit) manager_.alive();
        co_await tasks_.pause(limit / beats_in_a_timeout);
    }
}
}
