// relay/pipeline/idle_rule.hpp: when a hosted mailbox that its owner does not use is warned of, closed and emptied
// (domain.md §10 rule 7: 12 months, owner warned first). Nothing is closed that was not warned of for the whole time
// of warning, so a clock that was wrong, or a node that was off, costs no mailbox. Pure, any thread.
#pragma once

#include <chrono>
#include <optional>

#include "relay/base/clock.hpp"

namespace relay::pipeline {
struct idle_policy {
    std::chrono::hours term{24 * 365};   // after the last use
    std::chrono::hours warned{24 * 30};  // before it; also the least age of every mail that is destroyed
};

struct mailbox_life {
    base::instant last_use{};
    std::optional<base::instant> warned_at;  // of this time without use
    std::optional<base::instant> closed_at;
};

enum class mailbox_state { active, warned, closed };
[[nodiscard]] mailbox_state state_of(const mailbox_life& life) noexcept;

enum class idle_step { none, warn, close };
[[nodiscard]] idle_step step_of(const mailbox_life& life, base::instant now, const idle_policy& policy) noexcept;

// Until when a use of it keeps it, if its owner is warned at `warned_at` or has been.
[[nodiscard]] base::instant closing_at(const mailbox_life& life, base::instant warned_at,
                                       const idle_policy& policy) noexcept;

// `youngest`: when the last mail of the mailbox came. A mail that nobody had the time to see keeps all of them.
[[nodiscard]] bool may_empty(const mailbox_life& life, base::instant youngest, base::instant now,
                             const idle_policy& policy) noexcept;

// One more use is worth a write: once a day is enough. Never backwards: a clock behind its time takes nothing away.
[[nodiscard]] bool is_new_use(const mailbox_life& life, base::instant now) noexcept;
}
