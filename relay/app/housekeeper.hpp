// relay/app/housekeeper.hpp: what happens by time: acknowledgements written to the ack folder, deliveries given up
// after their day, held ones looked at again. One thread of its own; blocking work is allowed there.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "relay/pipeline/ack_queue.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/outbound.hpp"

namespace relay::app {
class housekeeper {
public:
    // `in` is null in a node without the hospital role. `acknowledgements` is null when they do not go by files.
    struct ack_files {
        ack_files(pipeline::ack_queue& from, std::filesystem::path into) : queue(from), folder(std::move(into)) {}
        pipeline::ack_queue& queue;
        std::filesystem::path folder;
    };
    // `look` is called at each turn, twice a second.
    housekeeper(pipeline::intake* in, pipeline::outbound& out, std::optional<ack_files> acknowledgements,
                std::function<void()> look);
    ~housekeeper();
    housekeeper(const housekeeper&) = delete;
    housekeeper& operator=(const housekeeper&) = delete;
    void start();
    void stop();

private:
    void run();
    void write_acknowledgements();

    pipeline::intake* in_;
    pipeline::outbound& out_;
    std::optional<ack_files> acknowledgements_;
    std::function<void()> look_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread thread_;
};
}
