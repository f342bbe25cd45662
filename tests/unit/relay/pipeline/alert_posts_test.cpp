// A post that a web address does not take: what waits, how long, and what is dropped.
#include <catch2/catch.hpp>

#include "relay/pipeline/alert_posts.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

TEST_CASE("what an answer means for a post", "[alert_posts]")
{
    struct row {
        int status;
        post_answer answer;
    };
    using enum post_answer;
    const auto tc = GENERATE(values<row>(
        {{200, taken}, {204, taken}, {299, taken}, {199, again}, {300, again}, {0, again},   {301, again}, {307, again},
         {401, again}, {403, again}, {404, again}, {405, again}, {408, again}, {410, again}, {415, again}, {429, again},
         {500, again}, {503, again}, {400, never}, {413, never}, {422, never}, {-1, again}}));
    CAPTURE(tc.status);
    CHECK(post_answer_of(tc.status) == tc.answer);
}

TEST_CASE("the pause grows to its longest, and a day is the end", "[alert_posts]")
{
    struct row {
        int attempts;
        std::chrono::seconds pause;
    };
    const auto tc = GENERATE(
        values<row>({{0, 10s}, {1, 20s}, {2, 40s}, {8, 2560s}, {9, 3600s}, {10, 3600s}, {1000, 3600s}, {-1, 10s}}));
    const instant made{1'800'000'000s};
    ports::alert_post post;
    post.created_at = made;
    post.attempts = tc.attempts;
    CAPTURE(tc.attempts);
    CHECK(step_after(post_answer::again, post, made, {}).pause == tc.pause);
    CHECK(step_after(post_answer::again, post, made + 24h).end == post_end::none);
    CHECK(step_after(post_answer::again, post, made + 24h + 1ms).end == post_end::given_up);
    CHECK(step_after(post_answer::never, post, made).end == post_end::refused);
    CHECK(step_after(post_answer::taken, post, made + 48h).end == post_end::taken);
}

TEST_CASE("a failing address is said once, and once more when it fails otherwise; each lost post is said",
          "[alert_posts]")
{
    using enum post_end;
    using news = post_watch::news;
    struct row {
        post_end end;
        int status;
        news said;
    };
    constexpr row rows[] = {
        {taken, 204, news::none},    {none, 0, news::fails},      {none, 0, news::none},      {none, 0, news::none},
        {none, 401, news::fails},    {none, 401, news::none},     {taken, 204, news::none},   {none, 401, news::fails},
        {given_up, 401, news::lost}, {given_up, 401, news::lost}, {none, 401, news::none},    {none, 503, news::fails},
        {taken, 200, news::none},    {refused, 413, news::lost},  {refused, 413, news::lost}, {none, 0, news::fails},
    };
    post_watch watch;
    for (const row& tc : rows) {
        CAPTURE(name(tc.end), tc.status);
        CHECK(watch.after({tc.end, {}}, tc.status) == tc.said);
    }
    for (const auto end : {none, taken, refused, given_up}) CHECK(name(end) != "unknown");
}
