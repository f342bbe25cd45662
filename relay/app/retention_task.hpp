// relay/app/retention_task.hpp: what a running node does about the end of content and traces and about closed periods
// (domain.md §5, §10 rule 7), on a thread of its own, so that neither letters nor acknowledgements wait. Every ten
// minutes; a person who asks for a purge runs it beside (purger.hpp).
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace relay::app {
class retention_task {
public:
    // `work` asks the function it gets whether to go on.
    using step = std::function<void(const std::function<bool()>& going)>;
    explicit retention_task(step work) : work_(std::move(work)) {}
    ~retention_task() { stop(); }
    retention_task(const retention_task&) = delete;
    retention_task& operator=(const retention_task&) = delete;
    void start();
    void stop();

private:
    void run();
    [[nodiscard]] bool going();

    step work_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread thread_;
};
}
