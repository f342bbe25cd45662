// relay/app/heartbeat.hpp: feeds the watchdog with a step through all that must move: the I/O loop turns, a worker
// takes the step, the store's writer commits it (an empty unit: no fsync), and no thread of another room has been at
// one step for longer than the watchdog waits. Where one of them hangs, no beat comes any more and the service manager
// starts the node anew. A store that answers with an error is no hang: that is told elsewhere. Not watched: the thread
// of the control socket, where whoever gave a long command waits for it.
#pragma once

#include <functional>

#include "relay/app/paced_tasks.hpp"
#include "relay/app/service_manager.hpp"
#include "relay/pipeline/ports/store.hpp"

namespace relay::app {
class heartbeat {
public:
    // `longest_step`: how long the slowest of the threads of other rooms has been at its step; any thread may ask.
    using step_age = std::function<std::chrono::steady_clock::duration()>;
    heartbeat(io::io_runtime& runtime, pipeline::ports::store& store, const service_manager& manager,
              step_age longest_step);
    heartbeat(const heartbeat&) = delete;
    heartbeat& operator=(const heartbeat&) = delete;
    void start();  // nothing if the manager does not watch
    void stop();

private:
    io::awaitable<void> run(std::chrono::milliseconds limit);

    io::io_runtime& runtime_;
    pipeline::ports::store& store_;
    const service_manager& manager_;
    step_age longest_step_;
    paced_tasks tasks_;  // last: its coroutine uses all of the above
};
}
