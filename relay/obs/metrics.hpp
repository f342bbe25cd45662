// relay/obs/metrics.hpp: counters and gauges of the process, a closed list (style.md §9): a new one is a line in its
// enum and one in its table (metrics.cpp). Names follow Prometheus: base units, counters end in _total; no labels yet.
// Safe from any thread, never throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace relay::obs {
enum class counter : std::size_t {
    files_taken,
    files_refused,
    letters_received,
    letters_sealed,
    letters_held,
    letters_sent,
    letters_failed,
    delivery_attempts,
    deliveries_deferred,
    deliveries_uncertain,
    deliveries_warned,
    sites_dead,
    reports_received,
    mails_stored,
    mails_repeated,
    mails_refused,
    mails_submitted,
    reports_queued,
    returns_fetched,
    returns_fetch_failures,
    smtp_connections_in,
    smtp_connections_refused,
    smtp_rate_limited,
    smtp_recipients_refused,
    smtp_logins_refused,
    smtp_slow_closed,
    smtp_connections_out,
    smtp_connections_reused,
    smtp_mails_binary,
    smtp_saved_bytes,
    mllp_connections_in,
    mllp_connections_out,
    mllp_messages,
    mllp_messages_refused,
    acks_sent,
    acks_parked,
    imap_connections,
    imap_logins_refused,
    http_requests,
    http_requests_refused,
    tls_failures,
    tasks_failed,
    offloads_refused,
    store_commits,
    store_failures,
    alerts_told,
    alert_posts_sent,
    alert_posts_failed,
    digests_queued,
    count_  // keep last
};
enum class gauge : std::size_t {
    queue_letters,
    queue_oldest_seconds,
    smtp_connections_open,
    mllp_connections_open,
    imap_connections_open,
    http_connections_open,
    worker_queue,
    queue_octets,               // sealed mail that waits
    memory_octets,              // resident
    store_commit_microseconds,  // of late
    load_slots_percent,         // drivers of the load, of their limits
    load_queue_percent,
    load_disk_percent,
    load_memory_percent,
    load_commits_percent,
    load_state,                     // 0 normal, 1 stressed, 2 refusing
    returns_last_success_seconds,   // of the polled mailbox, since 1970; 0: never
    returns_failing_since_seconds,  // since 1970; 0: it does not fail
    returns_left,                   // mails left on its server, for people
    alerts_standing,
    alert_posts_waiting,
    mailbox_warnings,
    count_  // keep last
};

void add(counter which, std::uint64_t amount = 1) noexcept;
[[nodiscard]] std::uint64_t value(counter which) noexcept;

void set(gauge which, std::int64_t amount) noexcept;
void move(gauge which, std::int64_t by) noexcept;
[[nodiscard]] std::int64_t value(gauge which) noexcept;

[[nodiscard]] std::string_view name(counter which) noexcept;
[[nodiscard]] std::string_view name(gauge which) noexcept;
// What it counts, in English (Prometheus HELP); by its name, which stands for itself if nothing is written.
[[nodiscard]] std::string_view help_of(std::string_view metric) noexcept;

enum class metric_kind { counter, gauge };
struct sample {
    std::string_view name;
    metric_kind kind;
    std::int64_t value;
};
// All of them, in the order of the lists; each value is read on its own.
[[nodiscard]] std::vector<sample> snapshot();
}
