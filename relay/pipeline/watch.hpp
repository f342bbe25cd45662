// relay/pipeline/watch.hpp: watch on misrouting: mailboxes whose letters may not reach whom they are for. Rules on
// counters of a mailbox against its own history, and on what the directory says of its owner against what the letter
// says. A warning goes to the directory keeper's worklist and never delays a letter. Mailboxes are known by keyed hash;
// no address (domain.md §10). Pure.
#pragma once

#include <span>

#include "relay/pipeline/ports/directory.hpp"
#include "relay/pipeline/route.hpp"
#include "relay/pipeline/work_words.hpp"

namespace relay::pipeline {
struct watch_thresholds {
    std::int64_t volume_floor = 20;    // letters of a day, from which on its volume is looked at
    std::int64_t volume_times = 5;     // of what its days bring on average
    std::int64_t volume_days = 5;      // days with letters that make a history, of the 28 before
    std::int64_t unread_letters = 50;  // none of them read, where others of its domain tell what they read
    std::chrono::days unread_after{30};
    std::int64_t doctors = 12;  // different treating doctors whose letters it took
};
inline constexpr std::chrono::days watch_history{28};
// Of the counters: days since 1970-01-01, UTC.
[[nodiscard]] std::int64_t watch_day(instant at) noexcept;

// Of one mailbox, as the store counts.
struct mailbox_history {
    std::string mailbox;  // keyed hash
    std::string domain;
    instant first{};  // acceptance
    std::int64_t accepted = 0;
    bool is_read = false;  // something it took was read or filed
    std::int64_t doctors = 0;
    bool domain_is_read = false;      // of any mailbox of its domain
    std::int64_t today = 0;           // accepted on the day that is looked at
    std::int64_t days_before = 0;     // with letters, of the 28 before
    std::int64_t letters_before = 0;  // in them
};
struct mailbox_finding {
    work_topic topic = work_topic::mailbox_volume;
    std::int64_t count = 0;  // letters, or doctors
    friend bool operator==(const mailbox_finding&, const mailbox_finding&) = default;
};
[[nodiscard]] std::vector<mailbox_finding> findings_of(const mailbox_history& of, instant now,
                                                       const watch_thresholds& at = {});

// The directory's rows of an address, and the recipient as the letter names him: none of the personal rows is his. By
// RPPS where both have one, else by family name, letters only. False where either side does not say.
[[nodiscard]] bool is_somebody_elses(const recipient& named, std::span<const ports::directory_entry> rows);
}
