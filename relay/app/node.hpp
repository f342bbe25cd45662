// relay/app/node.hpp: one running node: opens the store, lights the rooms its roles ask for, answers control commands,
// and shuts them down in order: stop taking in, let what is under way end, stop sending, close the store.
#pragma once

#include <memory>

#include "relay/app/parts.hpp"
#include "relay/app/service_manager.hpp"
#include "relay/control/protocol.hpp"

namespace relay::app {
class node {
public:
    // `manager` is told of each turn and outlives the node.
    node(std::unique_ptr<parts> made, const service_manager& manager);
    ~node();
    node(const node&) = delete;
    node& operator=(const node&) = delete;

    // Errors name the step: "store", "smtp", ...; nothing is left running after one.
    struct start_error {
        std::string step;
        error_code code;
    };
    [[nodiscard]] std::optional<start_error> start();
    // Reads the settings file again and swaps all that can change while a node runs, as one value: what began under the
    // old settings ends under them. With a mistake nothing changes. Threads: any but the I/O thread; one at a time.
    struct reloaded {
        std::vector<config::mistake> mistakes;  // empty: the new settings are in use
        std::vector<std::string> kept;          // keys that differ and need a new start
    };
    reloaded reload();
    // Takes nothing more in and ends what is under way, all rooms at the same time; what has not reached its safe point
    // by the end of [node] drain_seconds is cut off.
    void stop();
    [[nodiscard]] std::chrono::seconds drain() const;

private:
    struct running;
    std::unique_ptr<running> state_;
};
}
