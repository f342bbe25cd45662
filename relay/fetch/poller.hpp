// relay/fetch/poller.hpp: polls one mailbox hosted elsewhere: opens a session, has it emptied (emptier.hpp), waits,
// begins again. IDLE where the server offers it, renewed before 29 minutes (RFC 2177 §3); else a look every N seconds.
// After a failure it waits longer each time, with jitter. One thread of its own; start() and stop() from one thread,
// facts() from any. The runtime, sink and record outlive this.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "relay/base/clock.hpp"
#include "relay/fetch/emptier.hpp"

namespace relay::fetch {
struct poll_options {
    server_access access;
    std::string user;       // whose mailbox, for the record
    std::string recipient;  // our own address, for the sink
    session_limits limits;
    std::chrono::seconds every{60};    // without IDLE
    std::chrono::seconds renew{1500};  // IDLE
    std::chrono::seconds first_retry{5}, most_retry{300};
};

struct poll_facts {
    std::optional<base::instant> last_success;  // a whole look at the mailbox
    std::optional<base::instant> failing_since;
    std::string why;          // of the failure; a fixed text
    std::uint64_t taken = 0;  // since the start
    std::uint64_t left = 0;   // on the server, for people
    bool idle = false;        // waits by IDLE
};

class poller {
public:
    poller(io::io_runtime& runtime, pipeline::ports::mail_sink& sink, pipeline::ports::polled_mailboxes& record,
           const base::wall_clock& clock, poll_options options);
    ~poller();
    poller(const poller&) = delete;
    poller& operator=(const poller&) = delete;

    void start();
    void stop();  // the mail under way is stored or not; nothing new begins. Joins
    [[nodiscard]] poll_facts facts() const;

private:
    void run();
    result<void> session();
    result<void> rest(imap_session& from);
    void succeeded(std::uint64_t left);
    void failed(const error_code& why);
    bool wait(std::chrono::milliseconds at_most);  // true: go on

    io::io_runtime& runtime_;
    const base::wall_clock& clock_;
    const poll_options options_;

    // of the thread
    emptier emptier_;
    int failures_ = 0;
    bool worked_ = false;        // this session
    bool idle_refused_ = false;  // though offered: looks then, until the next session

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    server_stream* stream_ = nullptr;  // of the session under way
    poll_facts facts_;
    std::thread thread_;
};
}
