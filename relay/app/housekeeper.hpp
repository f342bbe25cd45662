// relay/app/housekeeper.hpp: what happens by time: acknowledgements written to the ack folder, deliveries given up
// after their day, people warned of what is late, held ones looked at again, the load looked at. One thread of its own;
// blocking work is allowed there.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "relay/base/step_clock.hpp"
#include "relay/pipeline/ack_queue.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/outbound.hpp"

namespace relay::app {
class housekeeper {
public:
    // As the settings of now make them: asked for once a turn, kept for one.
    struct services {
        std::shared_ptr<pipeline::intake> in;  // null in a node without the hospital role
        std::shared_ptr<pipeline::outbound> out;
        std::shared_ptr<pipeline::ack_queue> acks;
    };
    using source = std::function<services()>;
    // `acknowledgements` is the folder of those that go by files; nullopt: none does. `look` is called at each turn,
    // twice a second.
    housekeeper(source services_now, std::optional<std::filesystem::path> acknowledgements, std::function<void()> look);
    ~housekeeper();
    housekeeper(const housekeeper&) = delete;
    housekeeper& operator=(const housekeeper&) = delete;
    void start();
    void route_again_soon();  // routes or certificates changed; any thread
    void stop();
    // How long the turn under way has lasted; zero between two. Any thread.
    [[nodiscard]] base::step_clock::clock::duration longest_step() const { return at_.lasting(); }

private:
    void run();
    void turn(int count, const services& now);
    void write_acknowledgements(pipeline::ack_queue& queue);
    bool write_some(pipeline::ack_queue& queue);

    source services_now_;
    std::optional<std::filesystem::path> acknowledgements_;
    std::function<void()> look_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    bool reroute_ = true;  // at first: routes or certificates may have changed while nothing ran
    base::step_clock at_;
    std::thread thread_;
};
}
