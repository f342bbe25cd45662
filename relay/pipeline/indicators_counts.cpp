// Figures as lines of counts, to be kept when the stays are gone, and read again.
#include <algorithm>
#include <charconv>

#include "relay/pipeline/indicator_words.hpp"

namespace relay::pipeline {
namespace {
using std::chrono::milliseconds;
constexpr auto never = milliseconds::max();
using lag_counts = std::map<std::int64_t, std::int64_t>;  // minutes, stays; -1: never
constexpr std::int64_t never_minutes = -1;

void put(std::string& out, std::string_view word, std::initializer_list<std::int64_t> numbers)
{
    if (std::all_of(numbers.begin(), numbers.end(), [](std::int64_t n) { return n == 0; })) return;
    out.append(word);
    for (const std::int64_t n : numbers) out.append(" ").append(std::to_string(n));
    out += "\n";
}

void put_lags(std::string& out, std::string_view word, const std::vector<milliseconds>& lags)
{
    lag_counts all;
    for (const milliseconds lag : lags)
        ++all[lag == never ? never_minutes
                           : std::max<std::int64_t>(0, std::chrono::floor<std::chrono::minutes>(lag).count())];
    if (all.empty()) return;
    out.append(word);
    for (const auto& [minutes, n] : all)
        out.append(" ").append(std::to_string(minutes)).append(" ").append(std::to_string(n));
    out += "\n";
}

std::string_view take_word(std::string_view& line)
{
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    return word;
}

std::vector<std::int64_t> take_numbers(std::string_view line)
{
    std::vector<std::int64_t> all;
    while (!line.empty()) {
        const std::string_view word = take_word(line);
        std::int64_t n = 0;
        if (std::from_chars(word.data(), word.data() + word.size(), n).ec != std::errc()) return {};
        all.push_back(n);
    }
    return all;
}

void take_lags(std::vector<milliseconds>& into, const std::vector<std::int64_t>& pairs)
{
    constexpr std::int64_t most = 10'000'000;  // minutes, and stays with one lag on one day: what says more is damaged
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
        if (pairs[i] < never_minutes || pairs[i] > most || pairs[i + 1] < 0 || pairs[i + 1] > most) return;
        const milliseconds lag = pairs[i] == never_minutes ? never : std::chrono::minutes(pairs[i]);
        into.insert(into.end(), static_cast<std::size_t>(pairs[i + 1]), lag);
    }
}
constexpr std::string_view excluded_word = "excluded.";
constexpr std::string_view no_address_word = "no_address.";
constexpr std::string_view failed_word = "failed.";
}

std::string figures_builder::counts() const
{
    std::string out;
    put(out, "discharges", {all_.discharges});
    for (const auto& [code, n] : all_.exclusions) put(out, std::string(excluded_word) + code, {n});
    put(out, "crh_as_letter", {all_.crh_as_letter});
    put(out, "doctor_assumed", {all_.doctor_assumed});
    for (const indicator& one : all_indicators()) {
        const rate& r = all_.*one.figure;
        put(out, one.key, {r.numerator, r.denominator, r.pending});
    }
    for (const auto& [why, n] : all_.no_address_causes) put(out, std::string(no_address_word).append(name(why)), {n});
    for (const auto& [why, n] : all_.failures) put(out, std::string(failed_word).append(name(why)), {n});
    put_lags(out, "lag", total_);
    put_lags(out, "writing", writing_);
    put_lags(out, "submission", submission_);
    put_lags(out, "relay", relay_);
    return out;
}

void figures_builder::add_counts(std::string_view lines)
{
    const auto add_cause = [](std::map<cause, std::int64_t>& into, std::string_view word, std::int64_t n) {
        into[from_name<cause>(word).value_or(cause::unknown)] += n;
    };
    while (!lines.empty()) {
        std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        const std::string_view word = take_word(line);
        const std::vector<std::int64_t> n = take_numbers(line);
        if (n.empty()) continue;
        if (word == "discharges") all_.discharges += n[0], all_.eligible += n[0];
        if (word == "crh_as_letter") all_.crh_as_letter += n[0];
        if (word == "doctor_assumed") all_.doctor_assumed += n[0];
        if (word.starts_with(excluded_word)) {
            all_.exclusions[std::string(word.substr(excluded_word.size()))] += n[0];
            all_.excluded += n[0], all_.eligible -= n[0];
        }
        for (const indicator& one : all_indicators())
            if (word == one.key && n.size() == 3) {
                (all_.*one.figure).numerator += n[0];
                (all_.*one.figure).denominator += n[1];
                (all_.*one.figure).pending += n[2];
            }
        if (word.starts_with(no_address_word))
            add_cause(all_.no_address_causes, word.substr(no_address_word.size()), n[0]);
        if (word.starts_with(failed_word)) add_cause(all_.failures, word.substr(failed_word.size()), n[0]);
        if (word == "lag") take_lags(total_, n);
        if (word == "writing") take_lags(writing_, n);
        if (word == "submission") take_lags(submission_, n);
        if (word == "relay") take_lags(relay_, n);
    }
}
}
