#include "relay/pipeline/alert_posts.hpp"

#include <algorithm>

namespace relay::pipeline {
post_answer post_answer_of(int status) noexcept
{
    if (status >= 200 && status < 300) return post_answer::taken;
    switch (status) {
        case 400:  // bad request
        case 413:  // content too large
        case 422:  // content that cannot be processed
            return post_answer::never;
        default: return post_answer::again;
    }
}

std::string_view name(post_end value) noexcept
{
    switch (value) {
        case post_end::none: return "none";
        case post_end::taken: return "taken";
        case post_end::refused: return "refused";
        case post_end::given_up: return "given_up";
    }
    return "unknown";
}

post_step step_after(post_answer answer, const ports::alert_post& post, instant now, const post_policy& policy)
{
    if (answer == post_answer::taken) return {post_end::taken, {}};
    if (answer == post_answer::never) return {post_end::refused, {}};
    if (now - post.created_at > policy.given_up) return {post_end::given_up, {}};
    constexpr int most_doublings = 20;  // far past the longest, far below an overflow
    const auto pause = policy.first * (std::int64_t{1} << std::clamp(post.attempts, 0, most_doublings));
    return {post_end::none, std::min<std::chrono::seconds>(pause, policy.longest)};
}

post_watch::news post_watch::after(const post_step& step, int status) noexcept
{
    const bool is_lost = step.end == post_end::refused || step.end == post_end::given_up;
    // What it can never take is no fault of the address: the next one may pass.
    const bool fails = step.end == post_end::none || step.end == post_end::given_up;
    const bool is_known = fails && failing_ == status;
    failing_ = fails ? std::optional(status) : std::nullopt;
    if (is_lost) return news::lost;
    return fails && !is_known ? news::fails : news::none;
}
}
