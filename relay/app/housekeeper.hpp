// relay/app/housekeeper.hpp: what happens by time: acknowledgements written to the ack folder, deliveries given up
// after their day, held ones looked at again. One thread of its own; blocking work is allowed there.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/outbound.hpp"

namespace relay::app {
class housekeeper {
public:
    // `in` is null in a node without the hospital role; `acknowledgements` is then unused.
    housekeeper(pipeline::services with, pipeline::intake* in, pipeline::outbound& out,
                std::filesystem::path acknowledgements);
    ~housekeeper();
    housekeeper(const housekeeper&) = delete;
    housekeeper& operator=(const housekeeper&) = delete;
    void start();
    void stop();

private:
    void run();
    void write_acknowledgements();

    pipeline::services with_;
    pipeline::intake* in_;
    pipeline::outbound& out_;
    std::filesystem::path acknowledgements_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread thread_;
};
}
