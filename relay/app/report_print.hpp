// relay/app/report_print.hpp: the figures of `liaison report` for programs (JSON) and for people (tables, totals in
// French). Pure but for print_totals, which writes to the console.
#pragma once

#include <boost/json/object.hpp>

#include "relay/app/command_tools.hpp"
#include "relay/pipeline/indicator_words.hpp"
#include "relay/pipeline/period_records.hpp"
#include "relay/pipeline/period_report.hpp"

namespace relay::app {
// The days of --from and --to; nullopt after telling what is wrong with them.
[[nodiscard]] std::optional<pipeline::day_range> requested_days(const console& to, const report_request& wanted);
// As requested_days, of a partner's report: PARTNER_PERIOD for what is not whole weeks or months, PARTNER_PERIOD_OPEN
// for a period that is not over: two such reports would differ by a day (pipeline/partner_report.hpp).
[[nodiscard]] std::optional<pipeline::day_range> requested_partner_days(const console& to, const report_request& wanted,
                                                                        std::chrono::sys_days today);
[[nodiscard]] std::string standing_text(const pipeline::period_standing& standing, const pipeline::day_range& days,
                                        pipeline::instant now, const mime::zone& zone);

[[nodiscard]] boost::json::object json_of(const pipeline::period_report& report, const mime::zone& zone);
[[nodiscard]] boost::json::object json_of(const pipeline::broken_down& figures, pipeline::breakdown by);
[[nodiscard]] boost::json::object json_of(const pipeline::period_standing& standing, const mime::zone& zone);

[[nodiscard]] table table_of(const pipeline::period_report& report, const mime::zone& zone, language in);
[[nodiscard]] table table_of(const pipeline::broken_down& figures, pipeline::breakdown by,
                             const pipeline::organisation& sites);
void print_totals(const console& to, const pipeline::period_figures& figures);
void print_changes(const console& to, const pipeline::period_standing& standing, const mime::zone& zone);
}
