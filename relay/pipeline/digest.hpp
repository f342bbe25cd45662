// relay/pipeline/digest.hpp: the week of a group, told on the Monday after it (domain.md §7): which week is due when,
// and its figures (§5). Weeks are those of ISO 8601: Monday to Sunday, week 1 holds the first Thursday. Pure but for
// digest_figures(), which reads the store (blocking: worker threads only).
#pragma once

#include <map>

#include "relay/pipeline/period_report.hpp"

namespace relay::pipeline {
struct digest_week {
    std::chrono::sys_days monday;  // a local day of the group
    friend auto operator<=>(const digest_week&, const digest_week&) = default;
};
[[nodiscard]] digest_week week_of(std::chrono::sys_days local) noexcept;
[[nodiscard]] std::string text_of(digest_week week);                        // "2026-W47"
[[nodiscard]] std::optional<digest_week> read_week(std::string_view text);  // nullopt: no such week
[[nodiscard]] day_range days_of(digest_week week) noexcept;

// The week before this one, from its Monday at that hour on; nullopt before. A node that was off on Monday tells it
// later in the week; older weeks are told no more.
[[nodiscard]] std::optional<digest_week> due_week(instant now, const mime::zone& where, std::chrono::hours from);

// Groups that had nothing to tell of the week that is due. To see that costs reading the week, and a late discharge may
// still change it: they are asked again after a pause, and at once of another week. One thread.
class quiet_groups {
public:
    using time_point = std::chrono::steady_clock::time_point;
    explicit quiet_groups(std::chrono::minutes pause = std::chrono::hours(1)) : pause_(pause) {}
    void keep(const std::string& group, digest_week week, time_point now) { kept_[group] = {week, now + pause_}; }
    [[nodiscard]] bool is_quiet(const std::string& group, digest_week week, time_point now) const;

private:
    struct quiet_week {
        digest_week week;
        time_point until;
    };
    std::chrono::minutes pause_;
    std::map<std::string, quiet_week> kept_;
};

// Of the group's first site; `fallback` for a group without one.
[[nodiscard]] const mime::zone& zone_of_group(const organisation& sites, std::string_view group,
                                              const mime::zone& fallback);
// Of the stays of a group discharged in that week, by service.
[[nodiscard]] broken_down digest_figures(ports::reader& store, std::string_view group, digest_week week, instant now);
}
