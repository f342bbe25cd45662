#include "relay/obs/metrics.hpp"

#include <array>
#include <atomic>

namespace relay::obs {
namespace {
constexpr auto counter_count = static_cast<std::size_t>(counter::count_);
constexpr auto gauge_count = static_cast<std::size_t>(gauge::count_);

constexpr std::array<std::string_view, counter_count> counter_names{
    "relay_files_taken_total",
    "relay_files_refused_total",
    "relay_letters_received_total",
    "relay_letters_sealed_total",
    "relay_letters_held_total",
    "relay_letters_sent_total",
    "relay_letters_failed_total",
    "relay_delivery_attempts_total",
    "relay_deliveries_deferred_total",
    "relay_deliveries_uncertain_total",
    "relay_deliveries_warned_total",
    "relay_sites_dead_total",
    "relay_reports_received_total",
    "relay_mails_stored_total",
    "relay_mails_repeated_total",
    "relay_mails_refused_total",
    "relay_mails_submitted_total",
    "relay_reports_queued_total",
    "relay_returns_fetched_total",
    "relay_returns_fetch_failures_total",
    "relay_smtp_connections_in_total",
    "relay_smtp_connections_refused_total",
    "relay_smtp_rate_limited_total",
    "relay_smtp_recipients_refused_total",
    "relay_smtp_logins_refused_total",
    "relay_smtp_slow_closed_total",
    "relay_smtp_connections_out_total",
    "relay_smtp_connections_reused_total",
    "relay_mllp_connections_in_total",
    "relay_mllp_connections_out_total",
    "relay_mllp_messages_total",
    "relay_mllp_messages_refused_total",
    "relay_acks_sent_total",
    "relay_acks_parked_total",
    "relay_imap_connections_total",
    "relay_imap_logins_refused_total",
    "relay_http_requests_total",
    "relay_http_requests_refused_total",
    "relay_tls_failures_total",
    "relay_tasks_failed_total",
    "relay_offloads_refused_total",
    "relay_store_commits_total",
    "relay_store_failures_total",
    "relay_alerts_told_total",
    "relay_alert_posts_sent_total",
    "relay_alert_posts_failed_total",
    "relay_digests_queued_total",
};
constexpr std::array<std::string_view, gauge_count> gauge_names{
    "relay_queue_letters",
    "relay_queue_oldest_seconds",
    "relay_smtp_connections_open",
    "relay_mllp_connections_open",
    "relay_imap_connections_open",
    "relay_http_connections_open",
    "relay_worker_queue",
    "relay_queue_octets",
    "relay_memory_octets",
    "relay_store_commit_microseconds",
    "relay_load_slots_percent",
    "relay_load_queue_percent",
    "relay_load_disk_percent",
    "relay_load_memory_percent",
    "relay_load_commits_percent",
    "relay_load_state",
    "relay_returns_last_success_timestamp_seconds",
    "relay_returns_failing_since_timestamp_seconds",
    "relay_returns_left",
    "relay_alerts_standing",
    "relay_alert_posts_waiting",
    "relay_mailbox_warnings",
};
static_assert(!counter_names.back().empty() && !gauge_names.back().empty(), "a metric has no name");

std::array<std::atomic<std::uint64_t>, counter_count> counters{};
std::array<std::atomic<std::int64_t>, gauge_count> gauges{};
}

void add(counter which, std::uint64_t amount) noexcept
{
    counters[static_cast<std::size_t>(which)].fetch_add(amount, std::memory_order_relaxed);
}
std::uint64_t value(counter which) noexcept
{
    return counters[static_cast<std::size_t>(which)].load(std::memory_order_relaxed);
}
void set(gauge which, std::int64_t amount) noexcept
{
    gauges[static_cast<std::size_t>(which)].store(amount, std::memory_order_relaxed);
}
void move(gauge which, std::int64_t by) noexcept
{
    gauges[static_cast<std::size_t>(which)].fetch_add(by, std::memory_order_relaxed);
}
std::int64_t value(gauge which) noexcept
{
    return gauges[static_cast<std::size_t>(which)].load(std::memory_order_relaxed);
}
std::string_view name(counter which) noexcept
{
    return counter_names[static_cast<std::size_t>(which)];
}
std::string_view name(gauge which) noexcept
{
    return gauge_names[static_cast<std::size_t>(which)];
}

std::vector<sample> snapshot()
{
    std::vector<sample> all;
    all.reserve(counter_count + gauge_count);
    for (std::size_t i = 0; i < counter_count; ++i) {
        const auto which = static_cast<counter>(i);
        all.push_back({name(which), metric_kind::counter, static_cast<std::int64_t>(value(which))});
    }
    for (std::size_t i = 0; i < gauge_count; ++i) {
        const auto which = static_cast<gauge>(i);
        all.push_back({name(which), metric_kind::gauge, value(which)});
    }
    return all;
}
}
