// relay/http/health.hpp: /healthz (is the process worth keeping?) and /readyz (should work be sent here?). Plain text:
// a line, then one coded reason a line. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "relay/http/node_facts.hpp"
#include "relay/http/response.hpp"

namespace relay::http {
enum class store_state { writable, not_writable };

struct health_limits {
    std::chrono::seconds longest_step{60};  // of a thread at one step: more is a hang
};
// 503 STEP_STUCK. That it is answered at all shows that the I/O loop and a worker move.
[[nodiscard]] response alive(const node_facts& node, const health_limits& limits = {});
// 503 with STARTING, DRAINING, STORE_NOT_WRITABLE, REFUSING_LOAD: all that hold.
[[nodiscard]] response ready(const node_facts& node, store_state store);
}
