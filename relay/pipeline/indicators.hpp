// relay/pipeline/indicators.hpp: the figures of a period (domain.md §5) from the facts of its stays. Pure.
// A rate is never shown without its numerator, denominator, pending and excluded counts; denominator 0 has no rate.
// Totals are sums of counts, never means of rates: add the stays, not the figures.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "relay/pipeline/stay_facts.hpp"

namespace relay::pipeline {
struct rate {
    std::int64_t numerator = 0;
    std::int64_t denominator = 0;
    std::int64_t pending = 0;
    [[nodiscard]] std::optional<double> value() const noexcept
    {
        if (denominator == 0) return std::nullopt;
        return static_cast<double>(numerator) / static_cast<double>(denominator);
    }
};

// Nearest rank, at ceil(p * n); an empty optional inside `value` means "not reached" (+infinity).
struct lag_figure {
    std::int64_t count = 0;
    std::optional<std::chrono::milliseconds> value;
};
struct lag_summary {
    lag_figure median;
    lag_figure p95;
};

struct period_figures {
    std::int64_t discharges = 0;
    std::int64_t excluded = 0;
    std::map<std::string, std::int64_t> exclusions;  // by code
    std::int64_t eligible = 0;
    std::int64_t crh_as_letter = 0;   // of those with a stop
    std::int64_t doctor_assumed = 0;  // of those with a letter
    rate j0;
    rate h48;
    rate any_channel;
    rate confirmed;   // stays whose stop is confirmed / stays with a stop
    rate no_letter;   // over E - P_48
    rate no_address;  // stays whose letter had no usable mailbox at the first attempt / stays with a letter
    rate rejected;    // of deliveries
    rate filing_refused;
    rate known_read;   // a lower bound: receipts are optional for recipients
    rate repeated;     // goal 0
    rate handed_over;  // stays with a recorded hand-over to the patient / E, of the sites that tell it
    std::map<cause, std::int64_t> no_address_causes;
    std::map<cause, std::int64_t> failures;
    lag_summary lag;                         // over E - P_48 with a known time; never accepted is +infinity
    lag_summary writing, submission, relay;  // over stays with a stop
};

// Adds stays one by one; one value per key of a breakdown. About 40 octets per stay for the lags.
class figures_builder {
public:
    void add(const stay_facts& stay, instant now);
    void add(const figures_builder& other);  // all that was added there
    [[nodiscard]] period_figures figures();  // orders what was added: call once
    // As lines "word numbers", to be kept when the stays are gone; lags in whole minutes, rounded down, with how many
    // stays had each. add_counts() adds what this gave; lines it does not know are passed over.
    [[nodiscard]] std::string counts() const;
    void add_counts(std::string_view lines);

private:
    using lags = std::vector<std::chrono::milliseconds>;
    void add_lags(const stay_facts& stay, const stay_standing& standing);
    void add_deliveries(const delivery_tally& tally);

    period_figures all_;
    lags total_, writing_, submission_, relay_;
};

// domain.md §5 "Breakdowns": what one stay belongs to.
enum class breakdown {
    none,
    group,
    site,
    service,
    letter_type,
    stay_class,
    day,
    month,
    weekday,
    hour_band,
    recipient_operator,
    structure,       // of the addressee
    structure_kind,  // CMS, MSP, SOLO, OTHER
    profession,
    department
};
// Those of which a record of a day keeps the counts; days, months and weekdays are those of the day itself.
inline constexpr breakdown recorded_breakdowns[] = {breakdown::group,
                                                    breakdown::site,
                                                    breakdown::service,
                                                    breakdown::letter_type,
                                                    breakdown::stay_class,
                                                    breakdown::hour_band,
                                                    breakdown::recipient_operator,
                                                    breakdown::structure,
                                                    breakdown::structure_kind,
                                                    breakdown::profession,
                                                    breakdown::department};
[[nodiscard]] std::optional<breakdown> breakdown_from(std::string_view word) noexcept;
[[nodiscard]] std::string_view name(breakdown value) noexcept;
// Sorts as people read it: days by date, weekdays from "1" Monday, bands by hour; empty where it is not known.
[[nodiscard]] std::string key_of(const stay_facts& stay, breakdown by);
// By day, month or weekday of a cohort; empty for any other.
[[nodiscard]] std::string key_of_day(std::int32_t day, breakdown by);
[[nodiscard]] std::string breakdown_words();  // "group, site, ...", for people

struct broken_down {
    period_figures totals;
    std::map<std::string, period_figures> rows;
};

// Feed every stay once, then take both, or the rows alone. A stay is added to its row only: the totals are the sum.
class breakdown_builder {
public:
    breakdown_builder(breakdown by, instant now) : by_(by), now_(now) {}
    breakdown_builder(const breakdown_builder&) = delete;
    breakdown_builder& operator=(const breakdown_builder&) = delete;
    void add(const stay_facts& stay);
    // Counts of one day without its stays: the totals, and those of one key.
    void add_total(std::int32_t day, std::string_view counts);
    void add_row(const std::string& key, std::string_view counts) { counted_[key].add_counts(counts); }
    [[nodiscard]] broken_down result();                          // once
    [[nodiscard]] std::map<std::string, period_figures> rows();  // once, instead

private:
    breakdown by_;
    instant now_;
    figures_builder totals_;                          // of counts, and of stays where there are no rows
    std::map<std::string, figures_builder> rows_;     // of stays
    std::map<std::string, figures_builder> counted_;  // of counts: the totals have them already
    figures_builder* last_ = nullptr;                 // the row of the last stay
    std::int32_t last_day_ = 0;
};
}
