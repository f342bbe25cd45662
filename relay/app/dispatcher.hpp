// relay/app/dispatcher.hpp: takes what is due from the queue to the SMTP client in the order and at the pace the
// scheduler says (pipeline/delivery_scheduler.hpp), and brings the answers back (design.md §3.2, §5). Runs on one
// strand; store and sealing work goes to the worker pool.
#pragma once

#include <chrono>
#include <mutex>

#include "relay/app/next_hops.hpp"
#include "relay/app/paced_tasks.hpp"
#include "relay/pipeline/delivery_scheduler.hpp"
#include "relay/pipeline/outbound.hpp"
#include "relay/pipeline/site_lanes.hpp"
#include "relay/smtp/connection/smtp_client.hpp"

namespace relay::app {
struct dispatcher_options {
    pipeline::scheduler_limits limits;
    std::chrono::seconds attempt{600};
    smtp::client_settings client;
};

class dispatcher {
public:
    // The queue and the next hops as the settings of now make them: asked for at each use, kept for one.
    using queue_source = std::function<std::shared_ptr<pipeline::outbound>()>;
    using hops_source = std::function<std::shared_ptr<const next_hops>()>;
    dispatcher(io::io_runtime& runtime, queue_source queue, hops_source hops, dispatcher_options options);
    dispatcher(const dispatcher&) = delete;
    dispatcher& operator=(const dispatcher&) = delete;

    void start();
    void wake() { tasks_.wake(); }      // something was queued; any thread
    void use(dispatcher_options next);  // for the deliveries that begin from now on; `client` stays. Any thread
    void drain(io::clock::time_point drain_until);  // no new attempts; those under way may end until then
    // A domain was put on hold, or resumed: nothing more begins to leave for it, or all of it at once; any thread.
    void domain_held(const std::string& domain);
    void domain_resumed(const std::string& domain);
    [[nodiscard]] std::vector<pipeline::site_facts> sites() const;  // as of a moment ago; any thread

private:
    struct attempted {
        pipeline::attempt_result result;
        pipeline::site_effect effect = pipeline::site_effect::none;
    };
    io::awaitable<void> run();
    io::awaitable<void> refill();
    io::awaitable<void> refill_lane(pipeline::queue_lane lane, std::string site);
    void look_for_site(const std::string& domain);
    io::awaitable<void> find_site(std::string domain, pipeline::next_hop to);
    void move_to_site(const std::string& domain, std::string site, io::clock::time_point until);
    io::awaitable<void> deliver(pipeline::delivery_id id);
    io::awaitable<std::optional<pipeline::prepared_mail>> prepare(pipeline::delivery_id id);
    io::awaitable<attempted> send(pipeline::prepared_mail mail);
    io::awaitable<void> record(pipeline::prepared_mail mail, pipeline::attempt_result outcome);
    void start_what_may();
    void ended(const pipeline::delivery_id& id, pipeline::site_effect effect);
    void tell_sites();
    [[nodiscard]] std::chrono::milliseconds pause() const;

    io::io_runtime& runtime_;
    queue_source queue_;
    hops_source hops_;
    dispatcher_options options_;
    smtp::smtp_client client_;
    pipeline::delivery_scheduler scheduler_;
    pipeline::site_lanes sites_;
    io::clock::time_point paused_until_{};  // the node itself cannot prepare anything: disk full, store failing
    io::clock::time_point refilled_{};
    io::clock::time_point told_at_{};
    mutable std::mutex told_mutex_;
    std::vector<pipeline::site_facts> told_;
    paced_tasks tasks_;  // last: its coroutines use all of the above
};
}
