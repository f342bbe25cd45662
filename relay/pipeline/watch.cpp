#include "relay/pipeline/watch.hpp"

#include <algorithm>

#include "mime/text/ascii.hpp"
#include "mime/text/charset.hpp"

namespace relay::pipeline {
namespace {
// Names differ between systems by case, accents, blanks and hyphens.
std::string letters_only(std::string_view name)
{
    std::string kept;
    for (const char c : mime::upper(mime::ascii_fold(name)))
        if (c >= 'A' && c <= 'Z') kept += c;
    return kept;
}
}

std::int64_t watch_day(instant at) noexcept
{
    return std::chrono::floor<std::chrono::days>(at).time_since_epoch().count();
}

std::vector<mailbox_finding> findings_of(const mailbox_history& of, instant now, const watch_thresholds& at)
{
    std::vector<mailbox_finding> found;
    // today > times × mean, without dividing
    const bool has_history = of.days_before >= at.volume_days;
    if (has_history && of.today >= at.volume_floor && of.today * of.days_before > at.volume_times * of.letters_before)
        found.push_back({work_topic::mailbox_volume, of.today});
    const bool old_enough = now - of.first >= at.unread_after;
    if (!of.is_read && of.domain_is_read && old_enough && of.accepted >= at.unread_letters)
        found.push_back({work_topic::mailbox_unread, of.accepted});
    if (of.doctors >= at.doctors) found.push_back({work_topic::mailbox_catch_all, of.doctors});
    return found;
}

bool is_somebody_elses(const recipient& named, std::span<const ports::directory_entry> rows)
{
    bool somebody = false;
    for (const ports::directory_entry& row : rows) {
        if (row.type != ports::mailbox_type::personal) return false;  // of a structure: many may be meant
        if (!row.rpps.empty() && !named.rpps.empty()) {
            if (row.rpps == named.rpps) return false;
            somebody = true;
        } else if (!row.family.empty() && !named.family.empty()) {
            if (letters_only(row.family) == letters_only(named.family)) return false;
            somebody = true;
        }
    }
    return somebody;
}
}
