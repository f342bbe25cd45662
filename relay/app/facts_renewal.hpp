// relay/app/facts_renewal.hpp: derives the facts of all stays again, beside the running node, when the settings or the
// rules are others than those they were derived with. One thread, while there is something to do. Reports say meanwhile
// that their figures are not up to date.
#pragma once

#include <atomic>
#include <thread>

#include "relay/pipeline/facts_keeper.hpp"

namespace relay::app {
class facts_renewal {
public:
    explicit facts_renewal(pipeline::ports::store& store) : store_(store) {}
    ~facts_renewal() { stop(); }
    facts_renewal(const facts_renewal&) = delete;
    facts_renewal& operator=(const facts_renewal&) = delete;
    void start(pipeline::facts_keeper keeper);  // whatever was under way is left
    void stop();

private:
    pipeline::ports::store& store_;
    std::atomic<bool> going_{false};
    std::thread thread_;
};
}
