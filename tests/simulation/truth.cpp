#include "tests/simulation/truth.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace simulation {
namespace {
using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_days;

instant last_sunday(int year, unsigned month)
{
    const std::chrono::year_month_weekday_last day{std::chrono::year(year), std::chrono::month(month),
                                                   std::chrono::weekday_last(std::chrono::Sunday)};
    return sys_days(day) + 1h;
}

instant start_of_local_day(std::int32_t day, place where)
{
    const auto midnight = sys_days(days(day));
    const auto guess = instant(midnight) - offset_at(instant(midnight), where);
    return instant(midnight) - offset_at(guess, where);  // midnight is never inside the hour that moves
}

struct reached {
    std::optional<instant> accepted;
    bool confirmed = false, failed = false, read = false, not_filed = false;
};

// The last try alone counts, unless the mail was read before.
reached outcome(const truth_letter& letter)
{
    std::size_t from = 0;
    for (std::size_t i = 0; i < letter.signals.size(); ++i)
        if (letter.signals[i].what == signal::begun_anew) from = i + 1;
    reached found;
    bool refused = false, filed = false, seen = false;
    for (std::size_t i = from; i < letter.signals.size(); ++i) {
        const told_signal& one = letter.signals[i];
        if (one.what == signal::refusal) {
            refused = true;
            continue;
        }
        if (!found.accepted) found.accepted = one.at;
        if (one.what != signal::accepted) found.confirmed = true;
        if (one.what == signal::read) seen = true;
        if (one.what == signal::filed) filed = true;
        if (one.what == signal::not_filed) found.not_filed = true;
    }
    found.read = filed || (seen && !found.not_filed);
    if (filed) found.not_filed = false;
    if (refused && !seen && !filed && !found.not_filed) {
        found = reached{};
        found.failed = true;
    }
    if (!found.accepted && letter.failed_for_good) found.failed = true;
    return found;
}

bool qualifies(const truth_letter& letter, const truth_stay& stay)
{
    if (letter.type == "11490-0") return true;
    return letter.type == "34112-3" && std::none_of(stay.letters.begin(), stay.letters.end(),
                                                    [](const auto& other) { return other.type == "11490-0"; });
}

void count(counts& into, const truth_stay& stay, instant now)
{
    ++into.discharges;
    if (!stay.exclusion.empty()) {
        ++into.excluded;
        return;
    }
    const instant left = *stay.discharge;
    const std::int32_t day = local_day(left, stay.where);
    std::optional<instant> stop;
    const truth_letter* of_stop = nullptr;
    const truth_letter* first = nullptr;
    bool confirmed = false;
    for (const truth_letter& letter : stay.letters) {
        const reached got = outcome(letter);
        into.deliveries_accepted += got.accepted ? 1 : 0;
        into.deliveries_failed += got.failed ? 1 : 0;
        into.known_read += got.read ? 1 : 0;
        into.filing_refused += got.not_filed ? 1 : 0;
        if (!qualifies(letter, stay)) continue;
        if (first == nullptr || letter.received_at < first->received_at) first = &letter;
        if (!got.accepted || *got.accepted < start_of_local_day(day - 1, stay.where)) continue;
        if (stop && *stop <= *got.accepted) continue;
        stop = got.accepted;
        of_stop = &letter;
        confirmed = got.confirmed;
    }
    const bool in_day = stop && *stop < start_of_local_day(day + 1, stay.where);
    const bool in_48 = in_day || (stop && *stop - left <= 48h);
    const bool day_open = !stop && now < start_of_local_day(day + 1, stay.where);
    const bool h48_open = !stop && now - left <= 48h;
    day_open ? ++into.j0_pending : ++into.j0_of;
    h48_open ? ++into.h48_pending : ++into.h48_of;
    into.j0 += in_day ? 1 : 0;
    into.h48 += in_48 ? 1 : 0;
    if (!h48_open) {
        into.no_letter += first == nullptr ? 1 : 0;
        const double lag = stop ? std::chrono::duration<double>(*stop - left).count() : 0;
        into.lags.push_back(stop ? std::max(0.0, lag) : std::numeric_limits<double>::infinity());
    }
    if (first != nullptr) {
        ++into.with_letter;
        into.no_address += first->unreachable_at_first ? 1 : 0;
    }
    if (!stop) return;
    ++into.stops;
    into.confirmed += confirmed ? 1 : 0;
    into.relay_lags.push_back(std::chrono::duration<double>(*stop - of_stop->received_at).count());
}
}

std::chrono::seconds offset_at(instant at, place where)
{
    if (where == place::reunion) return 4h;
    const int year = static_cast<int>(std::chrono::year_month_day(std::chrono::floor<days>(at)).year());
    return at >= last_sunday(year, 3) && at < last_sunday(year, 10) ? 2h : 1h;
}

std::int32_t local_day(instant at, place where)
{
    return static_cast<std::int32_t>(std::chrono::floor<days>(at + offset_at(at, where)).time_since_epoch().count());
}

figures judge(const std::vector<truth_stay>& stays, instant now)
{
    figures found;
    for (const truth_stay& stay : stays) {
        if (!stay.discharge) continue;
        count(found.all, stay, now);
        count(found.by_group[stay.group], stay, now);
    }
    return found;
}

std::optional<double> at_rank(std::vector<double> values, int percent)
{
    if (values.empty()) return std::nullopt;
    std::sort(values.begin(), values.end());
    const auto rank = static_cast<std::size_t>(std::ceil(percent * static_cast<double>(values.size()) / 100.0));
    return values[std::max<std::size_t>(rank, 1) - 1];
}
}
