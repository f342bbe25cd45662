#include "relay/app/heartbeat.hpp"

#include "relay/obs/log.hpp"

namespace relay::app {
namespace {
constexpr int beats_in_a_timeout = 4;
}

heartbeat::heartbeat(io::io_runtime& runtime, pipeline::ports::store& store, const service_manager& manager)
    : runtime_(runtime), store_(store), manager_(manager), tasks_(runtime)
{
}

void heartbeat::start()
{
    if (const auto limit = manager_.watchdog())
        tasks_.spawn("heartbeat",
                     run(std::chrono::duration_cast<std::chrono::milliseconds>(*limit / beats_in_a_timeout)));
}

void heartbeat::stop()
{
    tasks_.drain(io::clock::now());
}

io::awaitable<void> heartbeat::run(std::chrono::milliseconds every)
{
    while (!tasks_.is_stopping()) {
        tasks_.begin_turn();
        auto step = [this]() -> result<void> {
            // Full, read-only or broken, the store has answered, and so has this worker.
            (void)store_.write([](pipeline::ports::transaction&) {});
            return {};
        };
        const auto done = co_await io::offload(runtime_.pool(), std::move(step));
        if (done.has_value()) manager_.alive();
        co_await tasks_.pause(every);
    }
}
}
