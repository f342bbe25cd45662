#include "relay/app/purger.hpp"

#include "relay/app/store_statements.hpp"
#include "relay/io/files.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/stay_facts.hpp"

namespace relay::app {
namespace {
constexpr std::size_t files_at_once = 100;

result<std::size_t> write_certificates(pipeline::content_purge& purge, const std::filesystem::path& folder)
{
    std::size_t count = 0;
    for (;;) {
        auto files = purge.certificates(files_at_once);
        if (!files.has_value()) return files.error();
        std::vector<pipeline::content_purge::certificate_file> done;
        for (auto& one : *files) {
            if (auto written = io::write_file_atomic(folder / one.name, one.content); !written.has_value()) {
                obs::error(obs::event::purge_failed, "step=certificate code={}", written.error().value());
                continue;  // its letter keeps its content
            }
            done.push_back(std::move(one));
        }
        if (done.empty()) return count;
        if (auto told = purge.written(done); !told.has_value()) return told.error();
        count += done.size();
        obs::info(obs::event::certificates_written, "count={}", done.size());
    }
}
}

pipeline::retention_policy retention_of(const config::retention_settings& settings)
{
    const auto days = [](std::uint32_t count) { return std::chrono::hours(24) * count; };
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
    pipeline::content_purge purge(with, purging(part));
    pipeline::purge_counts all;
    for (bool more = true; more;) {
        const auto step = purge.run();
        if (!step.has_value()) return step.error();
        all += *step;
        all.waiting = step->waiting;
        std::size_t written = 0;
        if (part.settings.roles.hospital) {
            const auto files = write_certificates(purge, part.settings.spool.acknowledgements);
            if (!files.has_value()) return files.error();
            written = *files;
        }
        more = (written > 0 || step->letters > 0) && going();
    }
    const auto traces = expire_traces(store, part, with.clock.now(), going);
    if (!traces.has_value()) return traces.error();
    if (all.has_destroyed() || traces->rows.stays + traces->rows.letters > 0) log_holds_remains_ = true;
    if (part.composer)
        if (auto told = sign_store_events(store, part.settings.node.name, part.composer->signer, with.clock.now());
            !told.has_value())
            return told.error();
    if (log_holds_remains_)
        if (const auto emptied = store.empty_log(); emptied.has_value() && *emptied == store::log_state::emptied)
            log_holds_remains_ = false;
    return all;
}
}
