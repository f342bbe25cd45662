#include "relay/app/purger.hpp"

#include "relay/app/notices.hpp"
#include "relay/app/room_settings.hpp"
#include "relay/app/store_statements.hpp"
#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/idle_mailboxes.hpp"
#include "relay/pipeline/period_records.hpp"
#include "relay/pipeline/stay_facts.hpp"

namespace relay::app {
namespace {
constexpr std::size_t files_at_once = 100;

using still_going = std::function<bool()>;

result<std::size_t> write_certificates(pipeline::content_purge& purge, const std::filesystem::path& folder,
                                       const still_going& going)
{
    std::size_t count = 0;
    while (going()) {
        auto files = purge.certificates(files_at_once);
        if (!files.has_value()) return files.error();
        if (files->empty()) break;
        std::vector<pipeline::content_purge::certificate_file> done, failed;
        for (auto& one : *files) {
            const auto written = io::write_file_atomic(folder / one.name, one.content);
            if (!written.has_value())
                obs::error(obs::event::purge_failed, "step=certificate code={}", written.error().value());
            (written.has_value() ? done : failed).push_back(std::move(one));
        }
        // A letter whose certificate cannot be written keeps its content, and holds nobody else up.
        if (auto behind = purge.put_off(failed); !behind.has_value()) return behind.error();
        if (done.empty()) continue;
        if (auto told = purge.written(done); !told.has_value()) return told.error();
        count += done.size();
        obs::info(obs::event::certificates_written, "count={}", done.size());
    }
    return count;
}

// What came back holds what was sent, and is kept no longer (domain.md §10 rule 3).
result<std::size_t> drop_returned(store::sqlite_store& store, pipeline::instant until, const still_going& going)
{
    constexpr std::size_t mails_at_once = 100;
    std::size_t count = 0;
    for (std::size_t dropped = mails_at_once; dropped == mails_at_once && going(); count += dropped) {
        const auto written = store.write(
            [&](pipeline::ports::transaction& tx) { dropped = tx.returned().drop_content(until, mails_at_once); });
        if (!written.has_value()) return written.error();
    }
    return count;
}

std::chrono::hours days(std::uint32_t count)
{
    return std::chrono::hours(24) * count;
}

result<pipeline::idle_counts> end_idle(const pipeline::services& with, const parts& part, const still_going& going)
{
    if (!keeps_mailboxes(part.settings)) return pipeline::idle_counts();
    const pipeline::idle_options options{idle_policy_of(part.settings.retention), part.settings.node.name,
                                         sender_of(part.settings), part.zone};
    auto done = pipeline::end_idle_mailboxes(with, options, going);
    if (done.has_value() && done->warned + done->closed > 0)
        obs::info(obs::event::content_purged, "mailboxes_warned={} mailboxes_closed={}", done->warned, done->closed);
    return done;
}
}

bool keeps_mailboxes(const config::settings& settings)
{
    return settings.roles.operator_ && !lmtp_settings_of(settings);
}

pipeline::idle_policy idle_policy_of(const config::retention_settings& settings)
{
    return {days(settings.mailbox_days), days(settings.mailbox_warned_days)};
}

pipeline::retention_policy retention_of(const config::retention_settings& settings)
{
    return {days(settings.content_days), days(settings.content_open_days), days(settings.trace_days),
            days(settings.key_days)};
}

pipeline::purge_options purging(const parts& part)
{
    pipeline::purge_options made{retention_of(part.settings.retention), part.settings.node.name,
                                 part.settings.establishment.name, part.zone, nullptr};
    if (part.composer) made.signer = std::make_shared<const mime::smime::signer>(part.composer->signer);
    return made;
}

result<trace_counts> expire_traces(store::sqlite_store& store, const parts& part, pipeline::instant now,
                                   const std::function<bool()>& going)
{
    constexpr std::size_t rows_at_once = 50;
    const pipeline::retention_policy policy = retention_of(part.settings.retention);
    const auto before = pipeline::cohort_of(mime::local_date(now - policy.traces, part.zone));
    const auto days = store.days_to_freeze(before);
    if (!days.has_value()) return days.error();
    trace_counts all;
    for (const std::int32_t day : *days) {
        if (!going()) return all;
        const auto frozen = store.freeze_day(day, now);
        if (!frozen.has_value()) return frozen.error();
        if (*frozen == store::freezing::done) ++all.days;
    }
    for (all.rows.more = true; all.rows.more && going();) {
        const auto page = store.expire_traces(now - policy.traces, now - policy.keys, rows_at_once);
        if (!page.has_value()) return page.error();
        all.rows.stays += page->stays;
        all.rows.letters += page->letters;
        all.rows.deliveries += page->deliveries;
        all.rows.events += page->events;
        all.rows.keys += page->keys;
        all.rows.more = page->more;
    }
    if (all.days + all.rows.stays + all.rows.letters + all.rows.keys > 0)
        obs::info(obs::event::traces_expired, "days={} stays={} letters={} deliveries={} events={} keys={}", all.days,
                  all.rows.stays, all.rows.letters, all.rows.deliveries, all.rows.events, all.rows.keys);
    return all;
}

result<pipeline::purge_counts> purger::run(store::sqlite_store& store, const pipeline::services& with,
                                           const parts& part, const std::function<bool()>& going)
{
    const std::lock_guard alone(one_);
    const pipeline::retention_policy policy = retention_of(part.settings.retention);
    pipeline::content_purge purge(with, purging(part));
    pipeline::purge_counts all;
    for (bool more = true; more && going();) {
        const auto step = purge.run(going);
        if (!step.has_value()) return step.error();
        all += *step;
        all.waiting = step->waiting;
        more = false;
        if (!part.settings.roles.hospital) continue;
        const auto files = write_certificates(purge, part.settings.spool.acknowledgements, going);
        if (!files.has_value()) return files.error();
        more = *files > 0;  // their letters may go now
    }
    if (all.has_destroyed()) log_holds_remains_ = true;
    const auto returned = drop_returned(store, with.clock.now() - policy.content, going);
    if (!returned.has_value()) return returned.error();
    if (*returned > 0) log_holds_remains_ = true;
    const auto idle = end_idle(with, part, going);
    // A failure there holds nothing else up and is told at the end; something may be destroyed already.
    if (!idle.has_value() || idle->mails > 0) log_holds_remains_ = true;
    // What changed since the last record, also just now, counts before its day is frozen.
    if (const auto recorded = pipeline::record_periods(store, with.clock, going); !recorded.has_value())
        return recorded.error();
    const auto traces = expire_traces(store, part, with.clock.now(), going);
    if (!traces.has_value()) return traces.error();
    if (traces->rows.stays + traces->rows.letters > 0) log_holds_remains_ = true;
    if (part.composer)
        if (auto told = sign_store_events(store, part.settings.node.name, part.composer->signer, with.clock.now());
            !told.has_value())
            return told.error();
    if (log_holds_remains_)
        if (const auto emptied = store.empty_log(); emptied.has_value() && *emptied == store::log_state::emptied)
            log_holds_remains_ = false;
    if (!idle.has_value()) return idle.error();
    return all;
}
}
