// relay/app/node.hpp: one running node: opens the store, lights the rooms its roles ask for, answers control commands,
// and shuts them down in order: stop taking in, let what is under way end, stop sending, close the store.
#pragma once

#include <memory>

#include "relay/app/parts.hpp"
#include "relay/control/protocol.hpp"

namespace relay::app {
class node {
public:
    explicit node(std::unique_ptr<parts> made);
    ~node();
    node(const node&) = delete;
    node& operator=(const node&) = delete;

    // Errors name the step: "store", "smtp", ...; nothing is left running after one.
    struct start_error {
        std::string step;
        error_code code;
    };
    [[nodiscard]] std::optional<start_error> start();
    void stop(std::chrono::seconds drain);

private:
    struct running;
    std::unique_ptr<running> state_;
};
}
