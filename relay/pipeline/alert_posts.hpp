// relay/pipeline/alert_posts.hpp: what becomes of an alert on its way to the web address of the settings, by the answer
// to its POST (status codes of RFC 9110 §15). A receiver that is down or badly set up loses nothing: the post waits
// with a growing pause, a day at most; only what it can never take is dropped at once. Pure; one thread.
#pragma once

#include "relay/pipeline/ports/notices.hpp"

namespace relay::pipeline {
enum class post_answer {
    taken,
    again,  // no answer, refused access, wrong address, redirection, overload, fault: a person can mend it
    never   // the receiver cannot read it, now or later
};
[[nodiscard]] post_answer post_answer_of(int status) noexcept;  // of HTTP; 0: there was no answer

struct post_policy {
    std::chrono::seconds first{10};
    std::chrono::seconds longest{3600};
    std::chrono::hours given_up{24};  // after it was made
    [[nodiscard]] due_times due_at(instant now) const noexcept { return {now, now + longest + longest / 2}; }
};
enum class post_end { none, taken, refused, given_up };  // any but none: it is removed
[[nodiscard]] std::string_view name(post_end value) noexcept;
struct post_step {
    post_end end = post_end::none;
    std::chrono::seconds pause{};  // until the next attempt, where it has not ended
};
[[nodiscard]] post_step step_after(post_answer answer, const ports::alert_post& post, instant now,
                                   const post_policy& policy = {});

// Whether the log says it: once when the address begins to fail, once more when it fails in another way, and each post
// that is lost.
class post_watch {
public:
    enum class news { none, fails, lost };
    [[nodiscard]] news after(const post_step& step, int status) noexcept;

private:
    std::optional<int> failing_;  // the status that was said
};
}
