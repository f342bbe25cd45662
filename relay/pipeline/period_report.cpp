#include "relay/pipeline/period_report.hpp"

#include <algorithm>

#include "relay/pipeline/delivery_fold.hpp"

namespace relay::pipeline {
namespace {
constexpr std::string_view liaison_letter = "11490-0";
constexpr std::string_view stay_report = "34112-3";

std::vector<letter_line> lines_of(ports::reader& store, const letter_row& letter, bool qualifying)
{
    std::vector<letter_line> lines;
    for (delivery_row& delivery : store.deliveries_of_letter(letter.id)) {
        letter_line line{letter, std::move(delivery), qualifying, {}, {}, {}};
        lines.push_back(std::move(line));
    }
    if (lines.empty()) lines.push_back({letter, {}, qualifying, {}, {}, {}});
    return lines;
}

// What this one delivery would meet by itself: the stay's verdict is the best of its qualifying lines.
void judge_line(letter_line& line, const stay_clock& clock, instant now, const mime::zone& where)
{
    if (!line.delivery.accepted_at || line.delivery.role != recipient_role::treating_doctor || !line.qualifying) return;
    stay_progress alone;
    alone.has_letter = true;
    alone.accepted.push_back(*line.delivery.accepted_at);
    const stay_assessment found = assess(clock, alone, now, where);
    line.lag = found.lag;
    line.j0_met = found.j0_met;
    line.h48_met = found.h48_met;
}

stay_line read_stay(ports::reader& store, stay_row stay, instant now, const mime::zone& where)
{
    stay_line found;
    const stay_clock clock{*stay.discharge, stay.quality};
    const std::vector<letter_row> letters = store.letters_of_stay(stay.id);
    stay_progress progress;
    progress.excluded = !stay.exclusion.empty();
    std::vector<std::pair<instant, bool>> stops;
    for (const letter_row& letter : letters) {
        const bool qualifying = is_qualifying(letter, letters);
        progress.has_letter = progress.has_letter || qualifying;
        for (letter_line& line : lines_of(store, letter, qualifying)) {
            judge_line(line, clock, now, where);
            const delivery_row& to = line.delivery;
            const bool counts = qualifying && to.role == recipient_role::treating_doctor;
            if (counts && to.accepted_at) {
                progress.accepted.push_back(*to.accepted_at);
                stops.emplace_back(*to.accepted_at, to.confirmed_at.has_value());
            }
            if (counts && to.state == delivery_state::other_channel) progress.closed_by_other_channel = true;
            found.letters.push_back(std::move(line));
        }
    }
    found.outcome = assess(clock, progress, now, where);
    for (const auto& [stop, confirmed] : stops)
        if (found.outcome.stop == stop && confirmed) found.confirmed = true;
    found.stay = std::move(stay);
    return found;
}
}

bool is_qualifying(const letter_row& letter, std::span<const letter_row> of_stay) noexcept
{
    if (letter.operation == letter_operation::remove) return false;  // a deletion brings no letter to anybody
    if (letter.type_code == liaison_letter) return true;
    if (letter.type_code != stay_report) return false;
    return std::none_of(of_stay.begin(), of_stay.end(), [](const letter_row& other) {
        return other.type_code == liaison_letter && other.operation != letter_operation::remove;
    });
}

period_report build_report(ports::reader& store, instant from, instant to, instant now, const mime::zone& where)
{
    period_report all;
    std::vector<assessed_stay> assessed;
    for (stay_row& stay : store.stays_discharged(from, to)) {
        stay_line line = read_stay(store, std::move(stay), now, where);
        const bool has_letter =
            std::any_of(line.letters.begin(), line.letters.end(), [](const auto& l) { return l.qualifying; });
        assessed.push_back({line.outcome, line.stay.exclusion, line.confirmed, has_letter});
        all.stays.push_back(std::move(line));
    }
    for (const letter_row& letter : store.letters_received(from, to)) {
        const auto stay = letter.stay.empty() ? std::nullopt : store.stay(letter.stay);
        if (stay && stay->discharge) continue;
        for (letter_line& line : lines_of(store, letter, false)) all.without_stay.push_back(std::move(line));
    }
    std::stable_sort(all.stays.begin(), all.stays.end(),
                     [](const stay_line& a, const stay_line& b) { return a.stay.discharge < b.stay.discharge; });
    all.totals = figures(assessed);
    return all;
}
}
