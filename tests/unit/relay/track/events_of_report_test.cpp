// Which event a report makes about our delivery (domain.md §4, §8).
#include <catch2/catch.hpp>

#include "relay/track/returns.hpp"

using namespace relay::pipeline;
using mime::report::disposition_type;
using mime::report::dsn_action;
using mime::report::found_report;
using mime::report::report_kind;

namespace {
found_report dsn(dsn_action action, std::optional<mime::report::enhanced_status> status = std::nullopt)
{
    found_report report;
    report.kind = report_kind::dsn;
    report.report_message_id = "r1@operateur.example";
    report.delivery.emplace();
    mime::report::recipient_status one;
    one.action = action;
    one.status = status;
    report.delivery->recipients.push_back(one);
    return report;
}

found_report mdn(disposition_type type, bool error = false)
{
    found_report report;
    report.kind = report_kind::mdn;
    report.report_message_id = "r1@operateur.example";
    report.disposition.emplace();
    report.disposition->type = type;
    report.disposition->is_error = error;
    if (error) report.disposition->error_code = 902;
    return report;
}

std::vector<event> events(const found_report& report)
{
    return relay::track::events_of_report(report, instant(std::chrono::hours(1)));
}
}

TEST_CASE("actions of a DSN", "[track]")
{
    struct row {
        dsn_action action;
        event_kind kind;
    };
    for (const row& tc :
         {row{dsn_action::delivered, event_kind::report_delivered},
          row{dsn_action::relayed, event_kind::report_relayed}, row{dsn_action::expanded, event_kind::report_relayed},
          row{dsn_action::delayed, event_kind::report_delayed}, row{dsn_action::failed, event_kind::report_failed}}) {
        const auto made = events(dsn(tc.action));
        REQUIRE(made.size() == 1);
        CHECK(made[0].kind == tc.kind);
        CHECK(made[0].at == instant(std::chrono::hours(1)));
        CHECK_FALSE(made[0].facts.evidence.empty());
    }
}

TEST_CASE("the cause of a failure by its status", "[track]")
{
    struct row {
        mime::report::enhanced_status status;
        cause why;
    };
    for (const row& tc :
         {row{{5, 1, 1}, cause::no_mailbox}, row{{5, 1, 10}, cause::no_mailbox}, row{{5, 2, 1}, cause::closed},
          row{{5, 2, 2}, cause::mailbox_full}, row{{5, 3, 4}, cause::too_big}, row{{5, 4, 1}, cause::peer_down},
          row{{5, 7, 1}, cause::content_refused}, row{{5, 0, 0}, cause::unknown}}) {
        CAPTURE(tc.status.subject, tc.status.detail);
        const auto made = events(dsn(dsn_action::failed, tc.status));
        REQUIRE(made.size() == 1);
        CHECK(made[0].facts.why == tc.why);
    }
    CHECK(events(dsn(dsn_action::failed)).at(0).facts.why == cause::unknown);
    CHECK(events(dsn(dsn_action::delivered, mime::report::enhanced_status{2, 1, 5})).at(0).facts.why == cause::none);
}

TEST_CASE("of several recipients the failed one is told", "[track]")
{
    auto report = dsn(dsn_action::delivered);
    report.delivery->recipients.push_back(dsn(dsn_action::failed).delivery->recipients[0]);
    CHECK(events(report).at(0).kind == event_kind::report_failed);
}

TEST_CASE("dispositions of an MDN", "[track]")
{
    CHECK(events(mdn(disposition_type::displayed)).at(0).kind == event_kind::displayed);
    CHECK(events(mdn(disposition_type::processed)).at(0).kind == event_kind::processed);
    const auto refused = events(mdn(disposition_type::processed, true));
    CHECK(refused.at(0).kind == event_kind::software_rejected);
    CHECK(refused.at(0).facts.why == cause::filing_902);
    CHECK(refused.at(0).facts.smtp_code == 902);
    CHECK(events(mdn(disposition_type::deleted)).empty());
    CHECK(events(mdn(disposition_type::dispatched)).empty());
    CHECK(events(found_report{}).empty());
}

TEST_CASE("evidence is the report's, and names nobody", "[track]")
{
    auto report = dsn(dsn_action::delivered);
    const auto first = events(report).at(0).facts.evidence;
    CHECK(events(report).at(0).facts.evidence == first);
    report.report_message_id = "anne.roux@medecin.example";
    CHECK(events(report).at(0).facts.evidence != first);
    CHECK(events(report).at(0).facts.evidence.find("roux") == std::string::npos);
}
