#include "relay/obs/metrics.hpp"

#include <array>
#include <atomic>
#include <span>

namespace relay::obs {
namespace {
constexpr auto counter_count = static_cast<std::size_t>(counter::count_);
constexpr auto gauge_count = static_cast<std::size_t>(gauge::count_);

// In the order of the enums: the name, and what it counts, the HELP line of /metrics.
struct described {
    std::string_view name, help;
};
constexpr std::array<described, counter_count> counter_words{{
    {"relay_files_taken_total", "Files taken from the spool folder."},
    {"relay_files_refused_total", "Files of the spool folder that were refused."},
    {"relay_letters_received_total", "Letters taken in from the hospital's software."},
    {"relay_letters_sealed_total", "Mails signed and encrypted."},
    {"relay_letters_held_total", "Deliveries held for want of an address, a certificate or a decision."},
    {"relay_letters_sent_total", "Deliveries accepted by the recipient's operator."},
    {"relay_letters_failed_total", "Deliveries that ended without success."},
    {"relay_delivery_attempts_total", "Attempts to hand a mail to an operator."},
    {"relay_deliveries_deferred_total", "Attempts that were put off by the operator or for want of a connection."},
    {"relay_deliveries_uncertain_total", "Attempts whose reply was lost after the whole mail was sent."},
    {"relay_deliveries_warned_total", "Deliveries that people were warned of because they still waited."},
    {"relay_sites_dead_total", "Times an operator's mail hosts were given up for a while."},
    {"relay_reports_received_total", "Delivery and disposition reports received."},
    {"relay_mails_stored_total", "Mails stored in hosted mailboxes."},
    {"relay_mails_repeated_total", "Mails received again and not stored a second time."},
    {"relay_mails_refused_total", "Mails refused on reception."},
    {"relay_mails_submitted_total", "Mails submitted by account holders."},
    {"relay_reports_queued_total", "Reports queued for senders."},
    {"relay_returns_fetched_total", "Mails fetched by IMAP from the mailbox for returns."},
    {"relay_returns_fetch_failures_total", "Times that mailbox could not be read."},
    {"relay_smtp_connections_in_total", "SMTP connections accepted."},
    {"relay_smtp_connections_refused_total", "SMTP connections refused for too many of one peer."},
    {"relay_smtp_rate_limited_total", "SMTP commands put off because a peer went too fast."},
    {"relay_smtp_recipients_refused_total", "Recipients refused on reception."},
    {"relay_smtp_logins_refused_total", "Refused logins on submission."},
    {"relay_smtp_slow_closed_total", "SMTP connections closed because the peer was too slow."},
    {"relay_smtp_connections_out_total", "SMTP connections opened to operators."},
    {"relay_smtp_connections_reused_total", "Mails sent over a connection that was open already."},
    {"relay_smtp_mails_binary_total", "Sealed mails that left in their binary form (RFC 3030)."},
    {"relay_smtp_saved_bytes_total", "What this form saved on the wire."},
    {"relay_mllp_connections_in_total", "MLLP connections accepted."},
    {"relay_mllp_connections_out_total", "MLLP connections opened to the hospital's software."},
    {"relay_mllp_messages_total", "HL7 messages received over MLLP."},
    {"relay_mllp_messages_refused_total", "HL7 messages refused over MLLP."},
    {"relay_acks_sent_total", "Business acknowledgements taken by the hospital's software."},
    {"relay_acks_parked_total", "Business acknowledgements refused by the hospital's software."},
    {"relay_imap_connections_total", "IMAP connections accepted."},
    {"relay_imap_logins_refused_total", "Refused IMAP logins."},
    {"relay_http_requests_total", "HTTP requests, refused ones included."},
    {"relay_http_requests_refused_total", "HTTP requests refused before any page: malformed, too large, another host."},
    {"relay_tls_failures_total", "TLS handshakes that failed, in both directions."},
    {"relay_tasks_failed_total", "Tasks of this process that ended by an exception."},
    {"relay_offloads_refused_total", "Blocking work refused because the workers' queue was full."},
    {"relay_store_commits_total", "Transactions committed."},
    {"relay_store_failures_total", "Transactions that failed."},
    {"relay_alerts_told_total", "Alerts told when something begins or ends."},
    {"relay_alert_posts_sent_total", "Alerts taken by the web address that is told."},
    {"relay_alert_posts_failed_total", "Attempts to tell an alert to the web address that failed."},
    {"relay_digests_queued_total", "Weekly digests queued."},
}};
constexpr std::array<described, gauge_count> gauge_words{{
    {"relay_queue_letters", "Deliveries that wait or are under way."},
    {"relay_queue_oldest_seconds", "Age of the oldest delivery that has not ended."},
    {"relay_smtp_connections_open", "SMTP connections open to this node."},
    {"relay_mllp_connections_open", "MLLP connections open to this node."},
    {"relay_imap_connections_open", "IMAP connections open to this node."},
    {"relay_http_connections_open", "HTTP connections open to this node."},
    {"relay_worker_queue", "Blocking work that waits for a worker."},
    {"relay_queue_octets", "Sealed mail that waits or is under way."},
    {"relay_memory_octets", "Resident memory."},
    {"relay_store_commit_microseconds", "How long commits took of late."},
    {"relay_load_slots_percent", "Connections in use, of those allowed."},
    {"relay_load_queue_percent", "Sealed mail that waits, of what is allowed."},
    {"relay_load_disk_percent", "Reserve of free disk, of what is free."},
    {"relay_load_memory_percent", "Resident memory, of what is allowed."},
    {"relay_load_commits_percent", "Duration of a commit, of what is bearable."},
    {"relay_load_state", "0 normal, 1 stressed, 2 refusing."},
    {"relay_returns_last_success_timestamp_seconds", "When the mailbox for returns was last read; 0: never."},
    {"relay_returns_failing_since_timestamp_seconds", "Since when it cannot be read; 0: it can."},
    {"relay_returns_left", "Mails left in it for people."},
    {"relay_alerts_standing", "Alerts that have begun and not ended."},
    {"relay_alert_posts_waiting", "Alerts that wait to be told to the web address."},
    {"relay_mailbox_warnings", "Mailboxes that a person should look at: volume, never read, common to many doctors."},
}};
static_assert(!counter_words.back().help.empty() && !gauge_words.back().help.empty(), "a metric is not described");

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
    return counter_words[static_cast<std::size_t>(which)].name;
}
std::string_view name(gauge which) noexcept
{
    return gauge_words[static_cast<std::size_t>(which)].name;
}

std::string_view help_of(std::string_view metric) noexcept
{
    for (const std::span<const described> words :
         {std::span<const described>(counter_words), std::span<const described>(gauge_words)})
        for (const described& one : words)
            if (one.name == metric) return one.help;
    return metric;
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
