// relay/pipeline/retention.hpp: until when what is kept (domain.md §10 rule 7). Pure, any thread.
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "relay/pipeline/model.hpp"

namespace relay::pipeline {
struct retention_policy {
    std::chrono::hours content{24 * 7};        // after all deliveries of a letter have ended
    std::chrono::hours content_open{24 * 30};  // after its reception, while one has not; and of what people have to see
    std::chrono::hours traces{24 * 183};       // rows of stays, letters, deliveries; facts of the ledger
    std::chrono::hours keys{24 * 1827};        // keyed hashes by which a late replacement or repeat is known
};

// When a delivery ended; nullopt while something may still happen by itself. `history`: its events.
[[nodiscard]] std::optional<instant> ended_at(const delivery_row& row, std::span<const event> history);

// false: they expired, and of the letter only the keyed hashes are left by which it is known.
[[nodiscard]] bool has_traces(const letter_row& letter) noexcept;

enum class content_rule {
    all_ended,     // `content` after the last delivery ended
    longest_open,  // `content_open` after reception, though a delivery has not ended
};
struct content_term {
    instant until{};
    content_rule rule = content_rule::all_ended;
};
// One end per delivery, none for one that is open. A letter for nobody ended when it came.
[[nodiscard]] content_term content_term_of(const retention_policy& policy, instant received,
                                           std::span<const std::optional<instant>> ends);
}
