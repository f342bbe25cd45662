// relay/app/dispatcher.hpp: takes what is due from the queue to the SMTP client, `slots` at a time, and brings the
// answers back (design.md §3.2, §5). Runs on one strand; store and sealing work goes to the worker pool.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <set>

#include "relay/app/next_hops.hpp"
#include "relay/app/paced_tasks.hpp"
#include "relay/pipeline/outbound.hpp"
#include "relay/smtp/connection/smtp_client.hpp"

namespace relay::app {
struct dispatcher_options {
    std::size_t slots = 16;
    std::chrono::seconds attempt{600};
    std::shared_ptr<const next_hops> hops;
    smtp::client_settings client;
};

class dispatcher {
public:
    // The queue as the settings of now make it: asked for at each use, kept for one.
    using queue_source = std::function<std::shared_ptr<pipeline::outbound>()>;
    dispatcher(io::io_runtime& runtime, queue_source queue, dispatcher_options options);
    dispatcher(const dispatcher&) = delete;
    dispatcher& operator=(const dispatcher&) = delete;

    void start();
    void wake() { tasks_.wake(); }      // something was queued; any thread
    void use(dispatcher_options next);  // for the deliveries that begin from now on; `client` stays. Any thread
    void drain(io::clock::time_point drain_until);  // no new attempts; those under way may end until then

private:
    io::awaitable<void> run();
    io::awaitable<void> refill();
    io::awaitable<void> deliver(pipeline::delivery_id id);
    io::awaitable<std::optional<pipeline::prepared_mail>> prepare(pipeline::delivery_id id);
    io::awaitable<pipeline::attempt_result> send(pipeline::prepared_mail mail);
    io::awaitable<void> record(pipeline::prepared_mail mail, pipeline::attempt_result outcome);

    io::io_runtime& runtime_;
    queue_source queue_;
    dispatcher_options options_;
    smtp::smtp_client client_;
    std::deque<pipeline::delivery_id> waiting_;
    std::set<pipeline::delivery_id> in_hand_;                           // waiting or being delivered
    std::map<pipeline::delivery_id, io::clock::time_point> set_aside_;  // could not be prepared: not before then
    std::size_t running_ = 0;
    paced_tasks tasks_;  // last: its coroutines use all of the above
};
}
