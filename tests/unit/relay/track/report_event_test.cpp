// Which event a report makes about our delivery (domain.md §4, §8).
#include <catch2/catch.hpp>

#include "relay/track/report_event.hpp"

using namespace relay::pipeline;
using mime::report::disposition_type;
using mime::report::dsn_action;
using mime::report::return_kind;
using mime::report::returned_mail;

namespace {
returned_mail dsn(dsn_action action, std::optional<mime::report::enhanced_status> status = std::nullopt)
{
    returned_mail report;
    report.kind = return_kind::dsn;
    report.message_id = "r1@operateur.example";
    report.recipients.emplace_back();
    report.recipients[0].action = action;
    report.recipients[0].status = status;
    return report;
}

returned_mail mdn(disposition_type type, bool error = false)
{
    returned_mail report;
    report.kind = return_kind::mdn;
    report.message_id = "r1@operateur.example";
    report.disposition.emplace();
    report.disposition->type = type;
    report.disposition->is_error = error;
    if (error) report.disposition->error_code = 902;
    return report;
}

std::optional<event> event_of(const returned_mail& report, std::size_t recipient = 0)
{
    return relay::track::event_of_report(report, recipient, instant(std::chrono::hours(1)));
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
        auto report = dsn(tc.action);
        for (const auto kind : {return_kind::dsn, return_kind::bounce}) {
            report.kind = kind;
            const auto made = event_of(report);
            REQUIRE(made.has_value());
            CHECK(made->kind == tc.kind);
            CHECK(made->at == instant(std::chrono::hours(1)));
            CHECK_FALSE(made->facts.evidence.empty());
        }
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
        const auto made = event_of(dsn(dsn_action::failed, tc.status));
        REQUIRE(made.has_value());
        CHECK(made->facts.why == tc.why);
    }
    CHECK(event_of(dsn(dsn_action::failed)).value().facts.why == cause::unknown);
    CHECK(event_of(dsn(dsn_action::delivered, mime::report::enhanced_status{2, 1, 5})).value().facts.why ==
          cause::none);
}

TEST_CASE("of several recipients the one that is ours is told", "[track]")
{
    auto report = dsn(dsn_action::delivered);
    report.recipients.push_back(dsn(dsn_action::failed).recipients[0]);
    CHECK(event_of(report, 0).value().kind == event_kind::report_delivered);
    CHECK(event_of(report, 1).value().kind == event_kind::report_failed);
    CHECK_FALSE(event_of(report, 2).has_value());
}

TEST_CASE("only a reply that disputes is an event; what a machine answers never is", "[track]")
{
    returned_mail mail;
    mail.message_id = "r@x.example";
    for (const auto kind : {return_kind::reply, return_kind::auto_reply, return_kind::other}) {
        mail.kind = kind;
        CHECK_FALSE(event_of(mail).has_value());
    }
    mail.wording = mime::report::reply_wording::not_my_patient;
    CHECK_FALSE(event_of(mail).has_value());
    mail.kind = return_kind::auto_reply;
    CHECK_FALSE(event_of(mail).has_value());
    mail.kind = return_kind::reply;
    CHECK(event_of(mail).value().kind == event_kind::disputed);
    CHECK(event_of(mail).value().facts.why == cause::disputed);
}

TEST_CASE("dispositions of an MDN", "[track]")
{
    CHECK(event_of(mdn(disposition_type::displayed)).value().kind == event_kind::displayed);
    CHECK(event_of(mdn(disposition_type::processed)).value().kind == event_kind::processed);
    const auto refused = event_of(mdn(disposition_type::processed, true)).value();
    CHECK(refused.kind == event_kind::software_rejected);
    CHECK(refused.facts.why == cause::filing_902);
    CHECK(refused.facts.smtp_code == 902);
    CHECK_FALSE(event_of(mdn(disposition_type::deleted)).has_value());
    CHECK_FALSE(event_of(mdn(disposition_type::dispatched)).has_value());
    CHECK_FALSE(event_of(returned_mail{}).has_value());
}

TEST_CASE("evidence is the report's, and names nobody", "[track]")
{
    auto report = dsn(dsn_action::delivered);
    const auto first = event_of(report).value().facts.evidence;
    CHECK(event_of(report).value().facts.evidence == first);
    report.message_id = "anne.roux@medecin.example";
    CHECK(event_of(report).value().facts.evidence != first);
    CHECK(event_of(report).value().facts.evidence.find("roux") == std::string::npos);
}
