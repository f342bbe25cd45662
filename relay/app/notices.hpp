// relay/app/notices.hpp: looks from time to time at what people should be told without their asking: alerts by mail and
// to a web address (pipeline/alert_desk.hpp), weekly digests (pipeline/digest.hpp). One thread of its own, so that a
// slow web address or a long look keeps nobody waiting. A node without [[alert]] and webhook tells nothing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "relay/app/generation.hpp"
#include "relay/app/web_post.hpp"
#include "relay/control/protocol.hpp"
#include "relay/pipeline/alert_desk.hpp"
#include "relay/pipeline/alert_posts.hpp"
#include "relay/pipeline/digest.hpp"

namespace relay::app {
// From of what the node writes itself: [alerts] from, or an address that it has.
[[nodiscard]] std::string sender_of(const config::settings& all);

class notices {
public:
    // `refusing`: the node takes nothing new in. All outlive this.
    notices(const lasting_parts& with, const current_generation& now, std::function<bool()> refusing);
    ~notices() { stop(); }
    notices(const notices&) = delete;
    notices& operator=(const notices&) = delete;
    void start();
    void stop();
    // By a person: to those of the settings, also if it went out before. Any thread.
    [[nodiscard]] control::reply send_digest(const std::string& group, const std::string& week);

private:
    void run();
    void look();
    [[nodiscard]] std::vector<pipeline::alert_condition> of_the_node(const parts& part);
    void send_posts(const parts& part);
    void say_post(const pipeline::ports::alert_post& post, const web_answer& answer, const pipeline::post_step& step);
    void watch_when_due(const parts& part);
    void send_due_digests(const parts& part, const pipeline::alert_options& options);
    enum class told { once, again };
    [[nodiscard]] result<std::size_t> queue_digest(const parts& part, const pipeline::alert_options& options,
                                                   const std::string& group, pipeline::digest_week week, told how);
    [[nodiscard]] pipeline::services services_of(const parts& part) const;

    const lasting_parts& with_;
    const current_generation& now_;
    std::function<bool()> refusing_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::atomic<bool> leaving_{false};
    std::chrono::steady_clock::time_point next_watch_{};  // its thread only
    pipeline::quiet_groups quiet_;                        // its thread only
    pipeline::post_watch posts_;                          // its thread only
    std::thread thread_;
};
}
