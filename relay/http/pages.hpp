// relay/http/pages.hpp: which answer belongs to which request: /liste, /indicateurs, /metrics, /healthz, /readyz, the
// assets; requests as values in, responses as values out, without a socket. answer() reads the store, so it blocks
// where effort_of() says so. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "relay/base/clock.hpp"
#include "relay/http/health.hpp"
#include "relay/http/node_facts.hpp"
#include "relay/http/responder.hpp"
#include "relay/pipeline/ports/store.hpp"

namespace relay::http {
struct page_limits {
    std::size_t lines = 50;                        // of the worklist on one page
    std::chrono::days longest_period{3 * 366};     // of the indicators
    std::chrono::milliseconds store_asked{2'000};  // a verdict on the store is kept this long
    health_limits health;
};

// All of it outlives the pages.
struct page_sources {
    pipeline::ports::store& store;
    const base::wall_clock& clock;
    std::function<std::shared_ptr<const institution>()> places;  // any thread
    std::function<node_facts()> node;                            // any thread
};

class pages final : public responder {
public:
    explicit pages(page_sources from, page_limits limits = {}) : from_(std::move(from)), limits_(limits) {}

    [[nodiscard]] effort effort_of(const request& asked) const override;
    [[nodiscard]] response answer(const request& asked) override;
    [[nodiscard]] response refuse(const error_code& why) const override;

private:
    using handler = result<response> (pages::*)(const request&);
    struct route;
    [[nodiscard]] static const route* find_route(std::string_view path);
    result<response> home(const request& asked);
    result<response> worklist(const request& asked);
    result<response> indicators(const request& asked);
    result<response> metrics(const request& asked);
    result<response> health(const request& asked);
    result<response> readiness(const request& asked);
    [[nodiscard]] store_state ask_store();

    page_sources from_;
    page_limits limits_;
    std::mutex asking_;
    std::optional<std::pair<std::chrono::steady_clock::time_point, store_state>> store_was_;
};
}
