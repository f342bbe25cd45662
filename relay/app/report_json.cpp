// The figures of `liaison report` for programs.
#include <boost/json.hpp>

#include "relay/app/report_print.hpp"

namespace relay::app {
namespace json = boost::json;
using namespace pipeline;
namespace {
json::value seconds_of(const std::optional<std::chrono::milliseconds>& value)
{
    if (!value) return nullptr;
    return static_cast<double>(value->count()) / 1000.0;
}

json::value flag_of(const std::optional<bool>& value)
{
    return value ? json::value(*value) : json::value(nullptr);
}

json::object json_of(const letter_line& line, const mime::zone& zone)
{
    return {{"id", line.letter.id.text()},
            {"type", line.letter.type_code},
            {"delivery", line.delivery.id.text()},
            {"role", name(line.delivery.role)},
            {"qualifying", line.qualifying},
            {"state", line.delivery.id.empty() ? "none" : name(line.delivery.state)},
            {"cause", line.delivery.why == cause::none ? "" : name(line.delivery.why)},
            {"accepted", time_or_null(line.delivery.accepted_at, zone)},
            {"j0_met", flag_of(line.j0_met)},
            {"h48_met", flag_of(line.h48_met)},
            {"lag_seconds", seconds_of(line.lag)}};
}

json::object json_of(const rate& r)
{
    json::object out{{"numerator", r.numerator}, {"denominator", r.denominator}, {"pending", r.pending}};
    const auto value = r.value();
    out["rate"] = value ? json::value(*value) : json::value(nullptr);
    return out;
}

json::object json_of(const lag_summary& lag)
{
    const auto value = [](const lag_figure& figure) -> json::value {
        if (figure.count == 0) return nullptr;
        return figure.value ? seconds_of(figure.value) : json::value("not reached");
    };
    return {{"median_seconds", value(lag.median)}, {"p95_seconds", value(lag.p95)}, {"count", lag.median.count}};
}

json::object json_of(const std::map<cause, std::int64_t>& causes)
{
    json::object out;
    for (const auto& [why, n] : causes) out[name(why)] = n;
    return out;
}

json::object json_of(const period_figures& t)
{
    json::object exclusions;
    for (const auto& [code, count] : t.exclusions) exclusions[code] = count;
    json::object out{{"discharges", t.discharges},
                     {"eligible", t.eligible},
                     {"excluded", t.excluded},
                     {"exclusions", exclusions},
                     {"crh_as_letter", t.crh_as_letter},
                     {"doctor_assumed", t.doctor_assumed},
                     {"no_address_causes", json_of(t.no_address_causes)},
                     {"rejected_causes", json_of(t.failures)},
                     {"lag", json_of(t.lag)},
                     {"writing", json_of(t.writing)},
                     {"submission", json_of(t.submission)},
                     {"relay", json_of(t.relay)}};
    for (const indicator& one : all_indicators()) out[one.key] = json_of(t.*one.figure);
    return out;
}
}

json::object json_of(const period_report& report, const mime::zone& zone)
{
    json::array stays, others;
    for (const stay_line& line : report.stays) {
        const stay_facts& facts = line.facts;
        json::array letters;
        for (const letter_line& letter : line.letters) letters.push_back(json_of(letter, zone));
        stays.push_back(
            json::object{{"id", line.stay.id.text()},
                         {"discharge", time_or_null(line.stay.discharge, zone)},
                         {"quality", name(line.stay.quality)},
                         {"service", facts.service},
                         {"site", facts.site},
                         {"exclusion", facts.exclusion},
                         {"state", name(line.standing.state)},
                         {"stop", time_or_null(facts.stop, zone)},
                         {"lag_seconds", seconds_of(facts.stop ? lag_of(facts, *facts.stop) : std::nullopt)},
                         {"j0_met", facts.j0_met},
                         {"h48_met", facts.h48_met},
                         {"j0_pending", line.standing.j0_pending},
                         {"h48_pending", line.standing.h48_pending},
                         {"confirmed", facts.confirmed},
                         {"letters", letters}});
    }
    for (const letter_line& line : report.without_stay) others.push_back(json_of(line, zone));
    return {{"stays", stays}, {"without_stay", others}, {"totals", json_of(report.totals)}};
}

json::object json_of(const broken_down& figures, breakdown by)
{
    json::array rows;
    for (const auto& [key, t] : figures.rows) {
        json::object row = json_of(t);
        row["key"] = key;
        rows.push_back(std::move(row));
    }
    return {{"by", name(by)}, {"rows", rows}, {"totals", json_of(figures.totals)}};
}

json::object json_of(const period_standing& standing, const mime::zone& zone)
{
    json::array changes;
    for (const ports::period_record& one : standing.changes)
        changes.push_back(json::object{{"day", key_of_day(one.day, breakdown::day)},
                                       {"revision", one.revision},
                                       {"at", iso_time(one.at, zone)},
                                       {"changes", one.changes}});
    json::object out{{"closed", standing.closed}, {"revision", standing.revision}, {"changes", std::move(changes)}};
    out["recorded"] = standing.at == instant() ? json::value(nullptr) : json::value(iso_time(standing.at, zone));
    return out;
}
}
