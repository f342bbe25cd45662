#include "mime/report/dsn.hpp"
#include "mime/report/returned_mail.hpp"
#include "tests/unit/mime/message/python_email.hpp"

#include <catch2/catch.hpp>

using namespace mime::report;

namespace {
struct sample {
    std::string name, body;
    dsn_action action;
    std::optional<enhanced_status> status;
    std::optional<int> code;
    std::string envelope_id, original, final_recipient;
};

const std::vector<sample> samples = {
    {"Postfix, relayed to another operator",
     "Reporting-MTA: dns; mx.hopital.test\r\nOriginal-Envelope-Id: 0123abc\r\nX-Postfix-Queue-ID: 3F2A\r\n"
     "X-Postfix-Sender: rfc822; bal@hopital.test\r\nArrival-Date: Sat, 21 Nov 2026 15:00:00 +0100 (CET)\r\n\r\n"
     "Final-Recipient: rfc822; d@medecin.test\r\nOriginal-Recipient: rfc822;D@medecin.test\r\nAction: relayed\r\n"
     "Status: 2.0.0\r\nRemote-MTA: dns; mx.medecin.test\r\nDiagnostic-Code: smtp; 250 2.0.0 Ok: queued as 4X\r\n\r\n",
     dsn_action::relayed, enhanced_status{2, 0, 0}, 250, "0123abc", "D@medecin.test", "d@medecin.test"},
    {"Postfix, folded diagnostic",
     "Reporting-MTA: dns; mx.hopital.test\r\n\r\nFinal-Recipient: rfc822; d@medecin.test\r\nAction: failed\r\nStatus: "
     "5.1.1\r\n"
     "Diagnostic-Code: smtp; 550 5.1.1 <d@medecin.test>: Recipient address\r\n    rejected\r\n",
     dsn_action::failed, enhanced_status{5, 1, 1}, 550, "", "", "d@medecin.test"},
    {"Dovecot's LDA, LF only",
     "Reporting-MTA: dns; mail.medecin.test\nOriginal-Recipient: rfc822; d@medecin.test\n"
     "Final-Recipient: rfc822; d@medecin.test\nAction: failed\nStatus: 5.2.2\n",
     dsn_action::failed, enhanced_status{5, 2, 2}, std::nullopt, "", "d@medecin.test", "d@medecin.test"},
    {"Exchange",
     "Reporting-MTA: dns;EX01.medecin.test\r\nReceived-From-MTA: dns;mx.hopital.test\r\nArrival-Date: Sat, 21 Nov 2026 "
     "14:00:00 +0000\r\n\r\n"
     "Original-Recipient: rfc822;d@medecin.test\r\nFinal-recipient: RFC822;d@medecin.test\r\nAction: Failed\r\nStatus: "
     "5.1.10\r\n"
     "Diagnostic-Code: smtp;550-5.1.10 RESOLVER.ADR.RecipientNotFound\r\nX-Display-Name: D\r\n",
     dsn_action::failed, enhanced_status{5, 1, 10}, 550, "", "d@medecin.test", "d@medecin.test"},
    {"comments and odd case",
     "reporting-mta:dns;x\r\n\r\nfinal-recipient:rfc822;<d@medecin.test>\r\nACTION: delivered (to mailbox)\r\nSTATUS: "
     "2.1.5 (ok)\r\n",
     dsn_action::delivered, enhanced_status{2, 1, 5}, std::nullopt, "", "", "d@medecin.test"},
    {"no status",
     "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.test\r\nAction: delayed\r\nStatus: soon\r\n",
     dsn_action::delayed, std::nullopt, std::nullopt, "", "", "a@b.test"},
};

std::string blocks(std::size_t recipients)
{
    std::string out = "Reporting-MTA: dns; x\r\n";
    for (std::size_t n = 0; n < recipients; ++n)
        out += "\r\nFinal-Recipient: rfc822; a@b.test\r\nAction: failed\r\nStatus: 5.0.0\r\n";
    return out;
}

dsn_message success()
{
    dsn_message out;
    out.reporting_mta = "mx.medecin.test";
    out.from = {"Liaison, remise", "postmaster@medecin.test"};
    out.to = "bal@hopital.test";
    out.date = {std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + std::chrono::hours(15),
                std::chrono::minutes(60)};
    out.arrival = out.date;
    out.message_id = "report1@medecin.test";
    out.boundary_token = "Abcdefghijklmnop0123";
    out.original_envelope_id = "0123456789abcdef";
    out.recipients = {
        {"rfc822;d@medecin.test", "d@medecin.test", dsn_action::delivered, {2, 1, 5}, "250 2.1.5 delivered", ""}};
    out.original = {"Sat, 21 Nov 2026 15:59:00 +0100", "bal@hopital.test", "d@medecin.test", "letter1@hopital.test",
                    "XDM/1.0/DDM+LL"};
    return out;
}
}

TEST_CASE("delivery status of other people's servers is read", "[report][dsn]")
{
    for (const auto& s : samples) {
        CAPTURE(s.name);
        const auto read = read_delivery_status(s.body);
        REQUIRE(read.has_value());
        CHECK(read->original_envelope_id == s.envelope_id);
        REQUIRE(read->recipients.size() == 1);
        const auto& r = read->recipients.front();
        CHECK(r.action == s.action);
        CHECK(r.status == s.status);
        CHECK(r.smtp_code == s.code);
        CHECK(r.original_recipient == s.original);
        CHECK(r.final_recipient == s.final_recipient);
        for (std::size_t cut = 0; cut <= s.body.size(); ++cut) (void)read_delivery_status(std::string(s.body, 0, cut));
    }
    CHECK(read_delivery_status(samples[1].body)->recipients[0].diagnostic ==
          "550 5.1.1 <d@medecin.test>: Recipient address rejected");
}

TEST_CASE("what is no delivery status is refused", "[report][dsn]")
{
    for (const auto* bad : {"", "\r\n\r\n", "hello", "Reporting-MTA: dns; x\r\n",
                            "Final-Recipient: rfc822; a@b.test\r\nAction: eaten\r\n", " : : :", "Action:\r\n"})
        CHECK(read_delivery_status(bad).error() == report_errc::malformed);
}

TEST_CASE("limits of a delivery status", "[report][dsn]")
{
    CHECK(read_delivery_status(blocks(100))->recipients.size() == 100);
    CHECK(read_delivery_status(blocks(101)).error() == report_errc::too_large);
    dsn_limits limits;
    limits.max_field_octets = 30;
    const std::string start = "Action: failed\r\nX: ";
    CHECK(read_delivery_status(start + std::string(30, 'x'), limits).has_value());
    CHECK(read_delivery_status(start + std::string(31, 'x'), limits).error() == report_errc::too_large);
    CHECK(read_delivery_status(start + std::string(20, 'x') + "\r\n " + std::string(9, 'x'), limits).has_value());
    CHECK(read_delivery_status(start + std::string(20, 'x') + "\r\n " + std::string(10, 'x'), limits).error() ==
          report_errc::too_large);
    std::string fields;
    for (int n = 0; n < 99; ++n) fields += "X: y\r\n";
    CHECK(read_delivery_status(fields + "Action: failed\r\n").has_value());
    CHECK(read_delivery_status(fields + "X: y\r\nAction: failed\r\n").error() == report_errc::too_large);
}

TEST_CASE("enhanced status codes and xtext", "[report][fields]")
{
    for (const auto* good : {"2.0.0", "4.999.999", "5.1.10", "5.1.1 x", "5.1.1(x)"})
        CHECK(read_enhanced_status(good).has_value());
    CHECK(read_enhanced_status("5.1.1") == enhanced_status{5, 1, 1});
    CHECK(read_enhanced_status("2.999.999") == enhanced_status{2, 999, 999});
    CHECK(write_enhanced_status({4, 2, 2}) == "4.2.2");
    for (const auto* bad : {"", "5..1", "55.1.1", "3.0.0", "5", "5.", "5.1", "5.1.", "5.1.x", "5.1.1.1", "5.1000.1",
                            "25.1.1", "5.1.1000"})
        CHECK_FALSE(read_enhanced_status(bad).has_value());
    CHECK(encode_xtext("a+b=c \n") == "a+2Bb+3Dc+20+0A");
    CHECK(encode_xtext("\xE9") == "+E9");
    CHECK(decode_xtext("+E9") == "\xE9");
    CHECK(decode_xtext("a+2Bb+3Dc+20+0A") == "a+b=c \n");
    for (const auto* bad : {"a b", "+", "+2", "+2g", "+2b", "+G0", "a=b", "\x7F", "\xC3"})
        CHECK_FALSE(decode_xtext(bad).has_value());
}

TEST_CASE("a DSN we write is understood by us and by Python", "[report][dsn]")
{
    const auto written = write_dsn(success());
    REQUIRE(written.has_value());
    const auto found = read_returned_mail(*written);
    CHECK(found.kind == return_kind::dsn);
    CHECK(found.message_id == "report1@medecin.test");
    CHECK(found.originals == std::vector<original_id>{{"letter1@hopital.test", id_source::returned_mail}});
    CHECK(found.envelope_id == "0123456789abcdef");
    REQUIRE(found.recipients.size() == 1);
    CHECK(found.recipients[0].action == dsn_action::delivered);
    CHECK(found.recipients[0].smtp_code == 250);
    CHECK(found.doubts.empty());
    const std::string seen = tests::ask_python(*written, R"(
print(m.get_content_type(), m.get_param('report-type'), m['Auto-Submitted'], m['To'])
parts = list(m.iter_parts())
print([p.get_content_type() for p in parts], [d for p in m.walk() for d in p.defects])
blocks = parts[1].get_payload()
print(blocks[0]['Original-Envelope-Id'], blocks[1]['Final-Recipient'], blocks[1]['Action'], blocks[1]['Status'])
print(parts[0].get_content()[:30])
print('ID' if '<letter1@hopital.test>' in parts[2].get_content() else 'none')
)");
    CHECK_THAT(seen, Catch::Contains("multipart/report delivery-status auto-replied bal@hopital.test"));
    CHECK_THAT(seen, Catch::Contains("['text/plain', 'message/delivery-status', 'text/rfc822-headers'] []"));
    CHECK_THAT(seen, Catch::Contains("0123456789abcdef rfc822; d@medecin.test delivered 2.1.5"));
    CHECK_THAT(seen, Catch::Contains("Rapport de remise établi par"));
    CHECK_THAT(seen, Catch::EndsWith("ID\n"));
}

TEST_CASE("nothing can be smuggled into a DSN", "[report][dsn]")
{
    const auto refused = [](auto change) {
        dsn_message report = success();
        change(report);
        return write_dsn(report).has_error();
    };
    CHECK_FALSE(refused([](dsn_message&) {}));
    CHECK(refused([](dsn_message& r) { r.to = "a@b.test\r\nBcc: c@d.test"; }));
    CHECK(refused([](dsn_message& r) { r.to = ""; }));
    CHECK(refused([](dsn_message& r) { r.original_envelope_id = "a\r\nb"; }));
    CHECK(refused([](dsn_message& r) { r.recipients[0].final_recipient = "a"; }));
    CHECK(refused([](dsn_message& r) { r.recipients[0].original_recipient = "d@c.test"; }));
    CHECK(refused([](dsn_message& r) { r.recipients[0].original_recipient = "rfc822;a\r\nb"; }));
    CHECK(refused([](dsn_message& r) { r.recipients[0].original_recipient = "rf c;a@c.test"; }));
    CHECK(refused([](dsn_message& r) { r.full_original = "a\n"; }));
    CHECK(refused([](dsn_message& r) { r.full_original = "\xC3\xA9\r\n"; }));
    CHECK(refused([](dsn_message& r) { r.recipients[0].diagnostic = "250 \xC3\xA9"; }));
    CHECK(refused([](dsn_message& r) { r.original.subject = "a\nb"; }));
    CHECK(refused([](dsn_message& r) { r.reporting_mta = "a\r\nb"; }));
    CHECK(refused([](dsn_message& r) { r.recipients.clear(); }));
    CHECK(refused([](dsn_message& r) { r.message_id = "x"; }));
    CHECK(refused([](dsn_message& r) { r.boundary_token = "short"; }));
}

TEST_CASE("reports are found in whatever shape they come, cut anywhere", "[report][find]")
{
    for (const auto& s : samples) {
        CAPTURE(s.name);
        const std::string mail =
            "From: <>\r\nMessage-ID: <r@x.test>\r\nIn-Reply-To: <other@x.test>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n"
            "--b\r\n\r\ntext\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" +
            s.body +
            "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <orig@hopital.test>\r\n\r\nbody\r\n--b--\r\n";
        const auto found = read_returned_mail(mail);
        REQUIRE(found.kind == return_kind::dsn);
        CHECK(found.originals == std::vector<original_id>{{"orig@hopital.test", id_source::returned_mail},
                                                          {"other@x.test", id_source::references}});
        CHECK(found.recipients.at(0).action == s.action);
        for (std::size_t cut = 0; cut <= mail.size(); ++cut) (void)read_returned_mail(std::string(mail, 0, cut));
    }
}

TEST_CASE("ordinary mail is no report", "[report][find]")
{
    const auto plain = read_returned_mail(
        "From: a@b.test\r\nIn-Reply-To: <x@y.test>\r\nSubject: Undelivered\r\n\r\nAction: failed\r\n");
    CHECK(plain.kind == return_kind::reply);
    CHECK(plain.originals == std::vector<original_id>{{"x@y.test", id_source::references}});
    // A report that is only quoted inside a forwarded mail does not speak for this one.
    const auto quoted = read_returned_mail(
        "Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nA: b\r\n\r\nAction: failed\r\n--b--\r\n");
    CHECK(quoted.kind == return_kind::other);
    CHECK(quoted.has(doubt::embedded_report));
    const auto refused = read_returned_mail("From: " + std::string(40, '(') + "\r\n\r\n");
    CHECK(refused.kind == return_kind::other);
    CHECK(refused.doubts == std::vector<doubt>{doubt::unreadable});
}
