// relay/obs/events.hpp: every event name a log line may carry, listed once (style.md §9). A new event is one line here.
// A name is "<room>.<what_happened>"; its fields are given at the call, and are only ids of ours, counts, sizes, codes,
// durations, peer hosts and recipient domains (domain.md §10).
#pragma once

#include <string_view>

namespace relay::obs {
// Only constants of this header are meant to be passed to the log functions.
struct event_name {
    std::string_view text;
};

namespace event {
// process
inline constexpr event_name app_started{"app.started"};
inline constexpr event_name app_ready{"app.ready"};
inline constexpr event_name app_draining{"app.draining"};
inline constexpr event_name app_stopped{"app.stopped"};
inline constexpr event_name app_failed{"app.failed"};
inline constexpr event_name reloaded{"app.reloaded"};
inline constexpr event_name reload_refused{"app.reload_refused"};
inline constexpr event_name setting_kept{"app.setting_kept"};
inline constexpr event_name task_failed{"io.task_failed"};
inline constexpr event_name listener_open{"io.listener_open"};
inline constexpr event_name listener_closed{"io.listener_closed"};
inline constexpr event_name accept_failed{"io.accept_failed"};
inline constexpr event_name tls_failed{"io.tls_failed"};
// intake
inline constexpr event_name file_claimed{"spool.file_claimed"};
inline constexpr event_name file_refused{"spool.file_refused"};
inline constexpr event_name file_done{"spool.file_done"};
inline constexpr event_name spool_failed{"spool.failed"};
inline constexpr event_name spool_paused{"spool.paused"};
inline constexpr event_name ack_written{"spool.ack_written"};
inline constexpr event_name mllp_closed{"mllp.closed"};
inline constexpr event_name mllp_refused{"mllp.refused"};
// acknowledgements to the hospital's software
inline constexpr event_name ack_queued{"ack.queued"};
inline constexpr event_name ack_sent{"ack.sent"};
inline constexpr event_name ack_deferred{"ack.deferred"};
inline constexpr event_name ack_parked{"ack.parked"};
inline constexpr event_name ack_unreachable{"ack.unreachable"};
// life of a letter
inline constexpr event_name letter_received{"letter.received"};
inline constexpr event_name letter_repeated{"letter.repeated"};
inline constexpr event_name letter_held{"letter.held"};
inline constexpr event_name letter_routed{"letter.routed"};
inline constexpr event_name letter_composed{"letter.composed"};
inline constexpr event_name letter_sealed{"letter.sealed"};
inline constexpr event_name letter_queued{"letter.queued"};
inline constexpr event_name letter_failed{"letter.failed"};
inline constexpr event_name letter_matched{"letter.matched"};
inline constexpr event_name stay_moved{"stay.moved"};
inline constexpr event_name delivery_started{"delivery.started"};
inline constexpr event_name delivery_accepted{"delivery.accepted"};
inline constexpr event_name delivery_deferred{"delivery.deferred"};
inline constexpr event_name delivery_uncertain{"delivery.uncertain"};
inline constexpr event_name delivery_failed{"delivery.failed"};
inline constexpr event_name delivery_confirmed{"delivery.confirmed"};
inline constexpr event_name delivery_overdue{"delivery.overdue"};
inline constexpr event_name delivery_late{"delivery.late"};
// retention (domain.md §10)
inline constexpr event_name content_purged{"retention.content_purged"};
inline constexpr event_name certificates_written{"retention.certificates_written"};
inline constexpr event_name traces_expired{"retention.traces_expired"};
inline constexpr event_name purge_failed{"retention.failed"};
inline constexpr event_name period_recorded{"retention.period_recorded"};
// deliveries
inline constexpr event_name domain_held{"queue.domain_held"};
inline constexpr event_name domain_resumed{"queue.domain_resumed"};
inline constexpr event_name site_dead{"queue.site_dead"};
inline constexpr event_name site_alive{"queue.site_alive"};
inline constexpr event_name site_slowed{"queue.site_slowed"};
inline constexpr event_name load_changed{"load.changed"};
inline constexpr event_name alert_told{"alert.told"};
inline constexpr event_name alert_post_failed{"alert.post_failed"};
inline constexpr event_name digest_queued{"digest.queued"};
// mail in and out
inline constexpr event_name smtp_opened{"smtp.opened"};
inline constexpr event_name smtp_closed{"smtp.closed"};
inline constexpr event_name smtp_stored{"smtp.stored"};
inline constexpr event_name smtp_refused{"smtp.refused"};
inline constexpr event_name smtp_attempt{"smtp.attempt"};
inline constexpr event_name report_received{"report.received"};
inline constexpr event_name report_unmatched{"report.unmatched"};
inline constexpr event_name report_sent{"report.sent"};
// the mailbox elsewhere that is polled for returns
inline constexpr event_name fetch_opened{"fetch.opened"};
inline constexpr event_name fetch_failed{"fetch.failed"};
inline constexpr event_name fetch_works{"fetch.works"};            // again
inline constexpr event_name fetch_left{"fetch.left"};              // a mail stays on the server, for people
inline constexpr event_name fetch_renumbered{"fetch.renumbered"};  // UIDVALIDITY has changed
inline constexpr event_name imap_opened{"imap.opened"};
inline constexpr event_name imap_closed{"imap.closed"};
inline constexpr event_name imap_login{"imap.login"};
inline constexpr event_name imap_login_refused{"imap.login_refused"};
inline constexpr event_name http_refused{"http.refused"};
inline constexpr event_name http_busy{"http.busy"};
inline constexpr event_name http_failed{"http.failed"};
// data
inline constexpr event_name store_opened{"store.opened"};
inline constexpr event_name store_migrated{"store.migrated"};
inline constexpr event_name store_failed{"store.failed"};
inline constexpr event_name facts_derived{"store.facts_derived"};
inline constexpr event_name vault_failed{"vault.failed"};
inline constexpr event_name directory_imported{"directory.imported"};
inline constexpr event_name certificate_refused{"certs.refused"};
inline constexpr event_name control_command{"control.command"};
}
}
