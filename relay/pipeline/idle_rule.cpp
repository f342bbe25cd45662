#include "relay/pipeline/idle_rule.hpp"

#include <algorithm>

namespace relay::pipeline {
using base::instant;

mailbox_state state_of(const mailbox_life& life) noexcept
{
    if (life.closed_at) return mailbox_state::closed;
    return life.warned_at ? mailbox_state::warned : mailbox_state::active;
}

instant closing_at(const mailbox_life& life, instant warned_at, const idle_policy& policy) noexcept
{
    return std::max(life.last_use + policy.term, warned_at + policy.warned);
}

idle_step step_of(const mailbox_life& life, instant now, const idle_policy& policy) noexcept
{
    switch (state_of(life)) {
        case mailbox_state::closed: return idle_step::none;
        case mailbox_state::active:
            return now >= life.last_use + policy.term - policy.warned ? idle_step::warn : idle_step::none;
        case mailbox_state::warned:
            return now >= closing_at(life, *life.warned_at, policy) ? idle_step::close : idle_step::none;
    }
    return idle_step::none;
}

bool may_empty(const mailbox_life& life, instant youngest, instant now, const idle_policy& policy) noexcept
{
    return life.closed_at && now >= youngest + policy.warned;
}

bool is_new_use(const mailbox_life& life, instant now) noexcept
{
    return !life.closed_at && now >= life.last_use + std::chrono::hours(24);
}
}
