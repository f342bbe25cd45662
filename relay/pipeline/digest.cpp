#include "relay/pipeline/digest.hpp"

#include <charconv>

namespace relay::pipeline {
namespace {
constexpr std::chrono::days in_a_week{7};

// The Monday of week 1: the one before, or at, the 4th of January.
std::chrono::sys_days first_monday(std::chrono::year year) noexcept
{
    return week_of(std::chrono::sys_days(year / std::chrono::January / 4)).monday;
}

// The year whose week it is: that of its Thursday.
std::chrono::year year_of(digest_week week) noexcept
{
    return std::chrono::year_month_day(week.monday + std::chrono::days(3)).year();
}

std::optional<int> number_of(std::string_view digits)
{
    int value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (code != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}
}

digest_week week_of(std::chrono::sys_days local) noexcept
{
    return {local - (std::chrono::weekday(local) - std::chrono::Monday)};
}

std::string text_of(digest_week week)
{
    const std::chrono::year year = year_of(week);
    const auto number = (week.monday - first_monday(year)) / in_a_week + 1;
    return std::to_string(static_cast<int>(year)) + (number < 10 ? "-W0" : "-W") + std::to_string(number);
}

std::optional<digest_week> read_week(std::string_view text)
{
    constexpr std::size_t octets = 8;  // 2026-W47
    if (text.size() != octets || text.substr(4, 2) != "-W") return std::nullopt;
    const auto year = number_of(text.substr(0, 4));
    const auto number = number_of(text.substr(6));
    if (!year || !number || *year < 1 || *number < 1) return std::nullopt;
    const digest_week week{first_monday(std::chrono::year(*year)) + (*number - 1) * in_a_week};
    if (text_of(week) != text) return std::nullopt;  // that year has no week 53
    return week;
}

day_range days_of(digest_week week) noexcept
{
    return {week.monday, week.monday + in_a_week};
}

std::optional<digest_week> due_week(instant now, const mime::zone& where, std::chrono::hours from)
{
    const std::chrono::sys_days today(mime::local_date(now, where));
    const digest_week current = week_of(today);
    if (today == current.monday && mime::local_timestamp(now, where).hour < from.count()) return std::nullopt;
    return digest_week{current.monday - in_a_week};
}

bool quiet_groups::is_quiet(const std::string& group, digest_week week, time_point now) const
{
    const auto found = kept_.find(group);
    return found != kept_.end() && found->second.week == week && now < found->second.until;
}

const mime::zone& zone_of_group(const organisation& sites, std::string_view group, const mime::zone& fallback)
{
    for (const site_entry& site : sites.sites())
        if (site.group == group) return site.zone;
    return fallback;
}

broken_down digest_figures(ports::reader& store, std::string_view group, digest_week week, instant now)
{
    breakdown_builder figures(breakdown::service, now);
    store.read_facts(query_of(days_of(week)), [&](const stay_facts& facts) {
        if (facts.group == group) figures.add(facts);
    });
    return figures.result();
}
}
