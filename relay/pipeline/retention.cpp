#include "relay/pipeline/retention.hpp"

#include <algorithm>

#include "relay/pipeline/delivery_fold.hpp"

namespace relay::pipeline {
std::optional<instant> ended_at(const delivery_row& row, std::span<const event> history)
{
    if (is_open(row.state)) return std::nullopt;
    if (is_accepted(row.state) && row.accepted_at) return row.accepted_at;  // none: its traces expired
    // What closed it, or the last thing heard of it: a failure that came late gives people its own days.
    const auto last =
        std::max_element(history.begin(), history.end(), [](const event& a, const event& b) { return a.at < b.at; });
    return last == history.end() ? row.created_at : last->at;
}

bool has_traces(const letter_row& letter) noexcept
{
    return !letter.establishment.empty();
}

content_term content_term_of(const retention_policy& policy, instant received,
                             std::span<const std::optional<instant>> ends)
{
    instant last = received;
    for (const auto& end : ends) {
        if (!end) return {received + policy.content_open, content_rule::longest_open};
        last = std::max(last, *end);
    }
    return {last + policy.content, content_rule::all_ended};
}
}
