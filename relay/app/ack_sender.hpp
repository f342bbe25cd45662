// relay/app/ack_sender.hpp: takes the acknowledgements that are due to the hospital's software by MLLP and brings its
// answers back (mssante.md §3.3). One connection, one message at a time; while the peer cannot be reached it waits,
// longer each time. Runs on one strand; store work goes to the worker pool.
#pragma once

#include "relay/app/paced_tasks.hpp"
#include "relay/mllp/connection/mllp_client.hpp"
#include "relay/pipeline/ack_queue.hpp"

namespace relay::app {
class ack_sender {
public:
    // The queue as the settings of now make it: asked for at each use, kept for one.
    using queue_source = std::function<std::shared_ptr<pipeline::ack_queue>()>;
    ack_sender(io::io_runtime& runtime, queue_source queue, mllp::client_settings settings);
    ack_sender(const ack_sender&) = delete;
    ack_sender& operator=(const ack_sender&) = delete;

    void start();
    void use(std::shared_ptr<io::tls_context> tls);  // from the next connection on; any thread
    void drain(io::clock::time_point drain_until);   // no new one; the one under way may be answered until then

private:
    enum class turn { idle, busy, unreachable };
    io::awaitable<void> run();
    io::awaitable<turn> send_due();

    io::io_runtime& runtime_;
    queue_source queue_;
    mllp::mllp_client client_;
    int failures_ = 0;   // one behind the other, to reach the peer
    paced_tasks tasks_;  // last: its coroutine uses all of the above
};
}
