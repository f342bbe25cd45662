#include "relay/pipeline/watch_desk.hpp"

#include "relay/pipeline/ports/worklist.hpp"

namespace relay::pipeline {
namespace {
constexpr std::size_t at_once = 200;
}

result<std::size_t> watch_mailboxes(ports::store& store, instant now, const watch_thresholds& at)
{
    const std::int64_t day = watch_day(now);
    std::size_t standing = 0;
    for (std::string last;;) {
        std::size_t count = 0;
        const auto written = store.write([&](ports::transaction& tx) {
            auto& changes = tx.work_changes().watch_changes();
            if (last.empty()) changes.forget_days_before(day - watch_history.count());
            const auto page = tx.work().watch().mailboxes_behind(last, day, at_once);
            count = page.size();
            for (const mailbox_history& one : page) {
                const auto findings = findings_of(one, now, at);
                standing += findings.size();
                changes.save_findings(one, findings, now);
            }
            if (!page.empty()) last = page.back().mailbox;
        });
        if (!written.has_value()) return written.error();
        if (count < at_once) return result<std::size_t>(boost::system::in_place_value, standing);
    }
}

void note_binding(ports::transaction& tx, const delivery_row& row, const recipient& named,
                  std::span<const ports::directory_entry> rows, instant now)
{
    if (row.role == recipient_role::patient || !is_somebody_elses(named, rows)) return;
    tx.work_changes().watch_changes().add_mismatch(row.recipient_key, row.domain, row.letter, now);
}
}
