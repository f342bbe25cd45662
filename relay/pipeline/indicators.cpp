#include "relay/pipeline/indicators.hpp"

#include <algorithm>

#include "relay/pipeline/indicator_words.hpp"

namespace relay::pipeline {
namespace {
using std::chrono::milliseconds;
constexpr auto never = milliseconds::max();

// `percent` of 100, in integers: ceil(p * n) must not depend on how a fraction rounds. Those up to it end before it.
lag_figure nearest_rank(std::vector<milliseconds>& lags, std::size_t percent)
{
    lag_figure found{static_cast<std::int64_t>(lags.size()), std::nullopt};
    if (lags.empty()) return found;
    const std::size_t rank = (percent * lags.size() + 99) / 100;
    const auto at = lags.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(lags.begin(), at, lags.end());
    if (*at != never) found.value = *at;
    return found;
}

lag_summary summary(std::vector<milliseconds>& lags)
{
    const lag_figure median = nearest_rank(lags, 50);
    return {median, nearest_rank(lags, 95)};
}

template <class Key>
void add_up(std::map<Key, std::int64_t>& into, const std::map<Key, std::int64_t>& from)
{
    for (const auto& [key, n] : from) into[key] += n;
}

template <class Values>
void append(Values& into, const Values& from)
{
    into.insert(into.end(), from.begin(), from.end());
}

void count(rate& into, bool met, bool pending = false)
{
    if (pending) {
        ++into.pending;
        return;
    }
    ++into.denominator;
    if (met) ++into.numerator;
}

void sum_up(rate& into, std::int64_t numerator, std::int64_t denominator)
{
    into.numerator += numerator;
    into.denominator += denominator;
}

constexpr std::pair<breakdown, std::string_view> breakdowns[] = {
    {breakdown::none, "none"},
    {breakdown::group, "group"},
    {breakdown::site, "site"},
    {breakdown::service, "service"},
    {breakdown::letter_type, "type"},
    {breakdown::stay_class, "class"},
    {breakdown::day, "day"},
    {breakdown::month, "month"},
    {breakdown::weekday, "weekday"},
    {breakdown::hour_band, "hour-band"},
    {breakdown::recipient_operator, "recipient-operator"},
    {breakdown::structure, "structure"},
    {breakdown::structure_kind, "structure-kind"},
    {breakdown::profession, "profession"},
    {breakdown::department, "department"},
};

std::string two_digits(unsigned number)
{
    return (number < 10 ? "0" : "") + std::to_string(number);
}

bool is_of_day(breakdown by)
{
    return by == breakdown::day || by == breakdown::month || by == breakdown::weekday;
}

std::string date_text(std::int32_t day, bool with_day)
{
    const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
    std::string text = std::to_string(static_cast<int>(date.year()));
    text += "-" + two_digits(static_cast<unsigned>(date.month()));
    if (with_day) text += "-" + two_digits(static_cast<unsigned>(date.day()));
    return text;
}
}

void figures_builder::add(const stay_facts& stay, instant now)
{
    ++all_.discharges;
    if (!stay.exclusion.empty()) {
        ++all_.excluded;
        ++all_.exclusions[stay.exclusion];
        return;
    }
    ++all_.eligible;
    const stay_standing standing = standing_of(stay, now);
    count(all_.j0, stay.j0_met, standing.j0_pending);
    count(all_.h48, stay.h48_met, standing.h48_pending);
    count(all_.any_channel, stay.h48_met || stay.other_channel_in_time, standing.h48_pending);
    count(all_.no_letter, !stay.has_letter, standing.h48_pending);
    if (stay.stop) {
        count(all_.confirmed, stay.confirmed);
        if (stay.crh_as_letter) ++all_.crh_as_letter;
    }
    if (stay.has_letter) {
        count(all_.no_address, stay.no_address != cause::none);
        if (stay.no_address != cause::none) ++all_.no_address_causes[stay.no_address];
        if (stay.doctor_assumed) ++all_.doctor_assumed;
    }
    if (stay.hand_over_told) count(all_.handed_over, stay.handed_over);
    add_lags(stay, standing);
    add_deliveries(stay.deliveries);
}

void figures_builder::add_lags(const stay_facts& stay, const stay_standing& standing)
{
    const bool known_time = stay.quality != discharge_quality::date_only;
    if (!standing.h48_pending && known_time) total_.push_back(stay.stop ? *lag_of(stay, *stay.stop) : never);
    if (!stay.stop) return;
    if (stay.signed_at && known_time) writing_.push_back(*stay.signed_at - stay.discharge);
    if (stay.signed_at && stay.received_at) submission_.push_back(*stay.received_at - *stay.signed_at);
    if (stay.received_at) relay_.push_back(*stay.stop - *stay.received_at);
}

void figures_builder::add_deliveries(const delivery_tally& tally)
{
    sum_up(all_.rejected, tally.failed, tally.accepted + tally.failed);
    sum_up(all_.filing_refused, tally.filing_refused, tally.accepted);
    sum_up(all_.known_read, tally.read, tally.accepted);
    sum_up(all_.repeated, tally.repeated, tally.accepted);
    for (const auto& [why, n] : tally.failures) all_.failures[why] += n;
}

void figures_builder::add(const figures_builder& other)
{
    const period_figures& from = other.all_;
    for (const auto number : {&period_figures::discharges, &period_figures::excluded, &period_figures::eligible,
                              &period_figures::crh_as_letter, &period_figures::doctor_assumed})
        all_.*number += from.*number;
    for (const indicator& one : all_indicators()) {
        sum_up(all_.*one.figure, (from.*one.figure).numerator, (from.*one.figure).denominator);
        (all_.*one.figure).pending += (from.*one.figure).pending;
    }
    add_up(all_.exclusions, from.exclusions);
    add_up(all_.no_address_causes, from.no_address_causes);
    add_up(all_.failures, from.failures);
    append(total_, other.total_);
    append(writing_, other.writing_);
    append(submission_, other.submission_);
    append(relay_, other.relay_);
}

period_figures figures_builder::figures()
{
    all_.lag = summary(total_);
    all_.writing = summary(writing_);
    all_.submission = summary(submission_);
    all_.relay = summary(relay_);
    return all_;
}

std::string_view name(breakdown value) noexcept
{
    for (const auto& [known, word] : breakdowns)
        if (known == value) return word;
    return "none";
}

std::optional<breakdown> breakdown_from(std::string_view word) noexcept
{
    for (const auto& [known, text] : breakdowns)
        if (text == word) return known;
    return std::nullopt;
}

std::string key_of(const stay_facts& stay, breakdown by)
{
    switch (by) {
        case breakdown::none: return {};
        case breakdown::group: return stay.group;
        case breakdown::site: return stay.site;
        case breakdown::service: return stay.service;
        case breakdown::letter_type: return stay.letter_type;
        case breakdown::stay_class: return stay.patient_class;
        case breakdown::day:
        case breakdown::month:
        case breakdown::weekday: return key_of_day(stay.day, by);
        case breakdown::hour_band: return std::string(name(stay.band));
        case breakdown::recipient_operator: return stay.recipient_operator;
        case breakdown::structure: return stay.addressee.structure;
        case breakdown::structure_kind: return stay.addressee.kind;
        case breakdown::profession: return stay.addressee.profession;
        case breakdown::department: return stay.addressee.department;
    }
    return {};
}

std::string key_of_day(std::int32_t day, breakdown by)
{
    if (by == breakdown::day) return date_text(day, true);
    if (by == breakdown::month) return date_text(day, false);
    if (by != breakdown::weekday) return {};
    return std::to_string(std::chrono::weekday(std::chrono::sys_days(std::chrono::days(day))).iso_encoding());
}

std::string breakdown_words()
{
    std::string all;
    for (const auto& [known, word] : breakdowns)
        if (known != breakdown::none) all.append(all.empty() ? "" : ", ").append(word);
    return all;
}

void breakdown_builder::add_total(std::int32_t day, std::string_view counts)
{
    totals_.add_counts(counts);
    if (is_of_day(by_)) counted_[key_of_day(day, by_)].add_counts(counts);
}

void breakdown_builder::add(const stay_facts& stay)
{
    if (by_ == breakdown::none) return totals_.add(stay, now_);
    // Stays come day by day: the words of a date are looked for once a day.
    if (last_ == nullptr || last_day_ != stay.day || !is_of_day(by_)) last_ = &rows_[key_of(stay, by_)];
    last_day_ = stay.day;
    last_->add(stay, now_);
}

broken_down breakdown_builder::result()
{
    for (const auto& [key, one] : rows_) totals_.add(one);
    broken_down found;
    found.rows = rows();
    found.totals = totals_.figures();
    return found;
}

std::map<std::string, period_figures> breakdown_builder::rows()
{
    for (const auto& [key, one] : counted_) rows_[key].add(one);
    std::map<std::string, period_figures> found;
    for (auto& [key, one] : rows_) found.emplace(key, one.figures());
    return found;
}
}
