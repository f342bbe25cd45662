// What comes back about a letter, over a real store: applied once, in any order, told to the hospital once.
#include <catch2/catch.hpp>

#include <set>

#include "mime/report/dsn.hpp"
#include "relay/track/returns.hpp"
#include "tests/support/relay_house.hpp"
#include "tests/support/returns_corpus.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;
using ports::store_verdict;

namespace {
const std::string roux = "anne.roux@medecin.example";

struct sent_letter : tests::house {
    relay::track::returns returns;
    delivery_id id;
    int reports = 0;

    explicit sent_letter(attempt_end end = attempt_end::accepted, const tests::letter_order& order = {})
        : returns(with(), {std::string(tests::hospital_address), tests::paris(), "", nullptr})
    {
        add_doctor(roux, tests::second_doctor);
        drop("lettre.hl7", tests::mdm_file(order));
        id = only().id;
        attempt(id, end, end == attempt_end::accepted ? 250 : 0);
        clock.advance(1min);
    }
    std::string dsn(mime::report::dsn_action action, std::string envid)
    {
        mime::report::dsn_message report;
        report.reporting_mta = "operateur.example";
        report.from = {"", "mailer-daemon@operateur.example"};
        report.to = tests::hospital_address;
        report.message_id = "r" + std::to_string(++reports) + "@operateur.example";
        report.boundary_token = relay::base::random_token();
        report.original_envelope_id = std::move(envid);
        mime::report::dsn_recipient one;
        one.final_recipient = roux;
        one.action = action;
        if (action == mime::report::dsn_action::failed) {
            one.status = {5, 1, 1};
            one.diagnostic = "550 5.1.1 unknown";
        }
        report.recipients.push_back(one);
        return mime::report::write_dsn(report).value();
    }
    std::string positive() { return dsn(mime::report::dsn_action::delivered, only().envid); }
    std::string negative() { return dsn(mime::report::dsn_action::failed, only().envid); }
    std::string mdn(const std::string& disposition)
    {
        return "From: <" + roux + ">\r\nTo: <relais@hopital.example>\r\nMessage-ID: <mdn" + std::to_string(++reports) +
               "@medecin.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; "
               "report-type=disposition-notification; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: "
               "text/plain\r\n\r\nlu\r\n"
               "--x\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822;" +
               roux + "\r\nOriginal-Message-ID: <" + only().message_id +
               ">\r\nDisposition: automatic-action/MDN-sent-automatically; " + disposition + "\r\n\r\n--x--\r\n";
    }
    store_verdict receive(const std::string& mail) { return returns.store({}, mail, {}); }
    // A base of the corpus, about this letter.
    std::string corpus(const std::string& base)
    {
        std::string mail = tests::corpus::with_crlf(tests::corpus::file_text(TESTS_DATA "/returns/" + base + ".eml"));
        for (const auto& [old, now] :
             {std::pair<std::string, std::string>{"5f1e9c3ab0d24c66a1b2c3d4e5f60718@relais.hopital.example",
                                                  only().message_id},
              {"e4c1b2a900f14d2e8f7a6b5c3d2e1f00", only().envid}})
            for (auto at = mail.find(old); at != std::string::npos; at = mail.find(old, at + now.size()))
                mail.replace(at, old.size(), now);
        return mail;
    }
    std::string listed()
    {
        std::string codes;
        for (const auto& row : refusals()) codes += (codes.empty() ? "" : " ") + row.code;
        return codes;
    }
    // Which of Y and N wait to be told to the hospital's software.
    std::string told()
    {
        std::string kinds;
        for (const auto& row : ask([](auto& r) { return r.acks_in(relay::pipeline::ack_state::waiting, 100); }))
            kinds += vault.open_field(field::ack_name, row.file_name).value().rbegin()[4];
        return kinds;
    }
};
}

TEST_CASE("whom the listener takes mail for", "[returns]")
{
    sent_letter h;
    using ports::recipient_verdict;
    CHECK(h.returns.check_recipient("relais@hopital.example", {}) == recipient_verdict::accepted);
    CHECK(h.returns.check_recipient("relais@HOPITAL.example", {}) == recipient_verdict::accepted);
    CHECK(h.returns.check_recipient("postmaster", {}) == recipient_verdict::accepted);
    CHECK(h.returns.check_recipient("other", {}) == recipient_verdict::mailbox_unknown);
    CHECK(h.returns.check_recipient("anne.roux@medecin.example", {}) == recipient_verdict::not_local);
}

TEST_CASE("a positive DSN confirms, and the hospital hears Y once", "[returns]")
{
    sent_letter h;
    const auto accepted_at = h.only().accepted_at;
    const std::string report = h.positive();
    CHECK(h.receive(report) == store_verdict::stored);
    CHECK(h.only().state == delivery_state::confirmed);
    CHECK(h.only().accepted_at == accepted_at);  // the stop is the 2xx
    CHECK(h.only().confirmed_at == h.clock.now());
    CHECK(h.told() == "Y");
    const auto before = h.events(h.id).size();
    CHECK(h.receive(report) == store_verdict::duplicate);
    CHECK(h.events(h.id).size() == before);
    CHECK(h.receive(h.positive()) == store_verdict::stored);  // another report of the same news
    CHECK(h.told() == "Y");
}

TEST_CASE("a report that comes before the answer makes it accepted", "[returns]")
{
    sent_letter h(attempt_end::uncertain);
    CHECK(h.only().state == delivery_state::uncertain);
    CHECK(h.receive(h.positive()) == store_verdict::stored);
    CHECK(h.only().state == delivery_state::confirmed);
    CHECK(h.only().accepted_at == h.clock.now());
    CHECK(h.due(10)->empty());
}

TEST_CASE("a negative DSN after acceptance revokes it", "[returns]")
{
    sent_letter h;
    CHECK(h.receive(h.negative()) == store_verdict::stored);
    CHECK(h.only().state == delivery_state::failed);
    CHECK(h.only().why == cause::no_mailbox);
    CHECK_FALSE(h.only().accepted_at.has_value());
    CHECK(h.told() == "N");
    CHECK(h.receive(h.negative()) == store_verdict::stored);
    CHECK(h.told() == "N");
    REQUIRE(h.outbound->requeue(h.id).value());
    h.attempt(h.id, attempt_end::accepted);
    CHECK(h.receive(h.positive()) == store_verdict::stored);
    CHECK(h.told() == "NY");  // news again
}

TEST_CASE("a late contradiction sends the correction, once, with the code of its reply", "[returns]")
{
    struct row {
        std::string reports;  // P: positive DSN, N: negative, R: receipt (displayed)
        std::string told;     // Z02, in order
    };
    const auto tc = GENERATE(values<row>({
        {"P", "Y"},
        {"PN", "YN"},
        {"PNN", "YN"},  // the same news again is no news
        {"PPNN", "YN"},
        {"N", "N"},
        {"NP", "N"},   // whatever came first, the failure stands (domain.md §3 rule 4)
        {"R", ""},     // a reading is told by Z03, where it was asked for
        {"RN", ""},    // read is read: it goes to people
        {"NR", "NY"},  // it arrived after all
        {"NRR", "NY"},
        {"PNR", "YNY"},
    }));
    sent_letter h;
    for (const char report : tc.reports) {
        h.clock.advance(1h);
        const std::string mail = report == 'P' ? h.positive() : report == 'N' ? h.negative() : h.mdn("displayed");
        CHECK(h.receive(mail) == store_verdict::stored);
    }
    CAPTURE(tc.reports);
    std::string told;
    std::set<std::string> ids;
    for (const auto& row : h.ask([](auto& r) { return r.acks_in(ack_state::waiting, 100); })) {
        told += row.outcome == ack_outcome::positive ? 'Y' : 'N';
        ids.insert(row.control_id);
        const std::string said = h.vault.open_field(field::ack_content, row.content).value();
        CHECK((said.find("|550^") != std::string::npos) == (row.outcome == ack_outcome::negative));
    }
    CHECK(told == tc.told);
    CHECK(ids.size() == tc.told.size());
    const delivery_view ledger_says = fold_delivery(h.events(h.id));  // whatever was folded when each report came
    CHECK(h.only().state == ledger_says.state);
    CHECK(h.only().why == ledger_says.why);
    CHECK(h.only().accepted_at == ledger_says.accepted_at);
    CHECK(h.only().confirmed_at == ledger_says.confirmed_at);
}

TEST_CASE("reports without a Message-ID are told apart by their bytes", "[returns]")
{
    sent_letter h;
    const auto anonymous = [](std::string mail) {
        const auto at = mail.find("Message-ID: <r");
        return mail.erase(at, mail.find("\r\n", at) + 2 - at);
    };
    const std::string first = anonymous(h.negative());
    h.receive(first);
    REQUIRE(h.outbound->requeue(h.id).value());
    h.attempt(h.id, attempt_end::accepted);
    h.receive(first);
    CHECK(h.only().state == delivery_state::accepted);  // the old one again
    h.receive(anonymous(h.negative()));
    CHECK(h.only().state == delivery_state::failed);
}

TEST_CASE("receipts", "[returns]")
{
    sent_letter h;
    SECTION("displayed, then a late negative DSN: for people, and no N")
    {
        CHECK(h.receive(h.mdn("displayed")) == store_verdict::stored);
        CHECK(h.only().state == delivery_state::displayed);
        CHECK(h.only().confirmed_at.has_value());
        h.receive(h.negative());
        CHECK(h.only().state == delivery_state::displayed);
        CHECK(h.told().empty());
        h.receive(h.positive());
        CHECK(h.told() == "Y");
    }
    SECTION("processed")
    {
        h.receive(h.mdn("processed"));
        CHECK(h.only().state == delivery_state::processed);
    }
    SECTION("the software could not file it: the stop stands, with its cause")
    {
        h.receive(h.mdn("processed/Error: 902^Patient inconnu^messageErrorCondition"));
        CHECK(h.only().state == delivery_state::rejected_by_software);
        CHECK(h.only().why == cause::filing_902);
        CHECK(h.only().accepted_at.has_value());
    }
    SECTION("deleted says nothing")
    {
        const auto before = h.events(h.id).size();
        CHECK(h.receive(h.mdn("deleted")) == store_verdict::stored);
        CHECK(h.events(h.id).size() == before);
        CHECK(h.refusals().empty());
    }
}

namespace {
// What was told of readings, in order: "Y", "N902".
std::string readings(tests::house& h)
{
    std::string told;
    for (const auto& row : h.ask([](auto& r) { return r.acks_in(ack_state::waiting, 100); })) {
        if (row.kind != ack_kind::reading) continue;
        const std::string zam = h.vault.open_field(field::ack_content, row.content).value();
        REQUIRE(zam.find("|" + row.control_id + "|T|2.6|") != std::string::npos);
        REQUIRE(zam.find("ACK_LECTURE_MSS^Accusé de lecture^AckMetierZAM|DEMO000417|") != std::string::npos);
        told += row.outcome == ack_outcome::positive ? "Y" : "N";
        if (const auto err = zam.find("|E|"); err != std::string::npos) told += zam.substr(err + 3, 3);
    }
    return told;
}

tests::letter_order with_reading()
{
    tests::letter_order order;
    order.reading = "Y";
    return order;
}
}

TEST_CASE("readings are told when they were asked for, each outcome once, a contradiction as a correction", "[returns]")
{
    struct row {
        std::vector<std::string> dispositions;
        std::string told;
    };
    const std::string ko = "processed/Error: 902^Patient inconnu^messageErrorCondition";
    for (const row& tc : std::vector<row>{{{"displayed"}, "Y"},
                                          {{"displayed", "displayed", "processed"}, "Y"},
                                          {{"processed"}, "Y"},
                                          {{"deleted"}, "Y"},
                                          {{"dispatched"}, ""},
                                          {{ko}, "N902"},
                                          {{"processed/error"}, "N906"},
                                          {{"displayed", ko}, "YN902"},
                                          {{ko, ko}, "N902"},
                                          {{ko, "displayed"}, "N902Y"},
                                          {{ko, "deleted"}, "N902"},
                                          {{"displayed", ko, "displayed", ko}, "YN902YN902"}}) {
        sent_letter h(attempt_end::accepted, with_reading());
        for (const std::string& one : tc.dispositions) CHECK(h.receive(h.mdn(one)) == store_verdict::stored);
        CAPTURE(tc.told);
        CHECK(readings(h) == tc.told);
        std::set<std::string> ids;
        for (const auto& ack : h.ask([](auto& r) { return r.acks_in(ack_state::waiting, 100); }))
            ids.insert(ack.control_id);
        CHECK(ids.size() == h.ask([](auto& r) { return r.acks_in(ack_state::waiting, 100); }).size());
    }
    sent_letter silent;
    silent.receive(silent.mdn("displayed"));
    CHECK(readings(silent).empty());
}

TEST_CASE("the same receipt again tells nothing, whatever came between", "[returns]")
{
    sent_letter h(attempt_end::accepted, with_reading());
    const std::string seen = h.mdn("displayed");
    h.receive(seen);
    h.receive(h.mdn("processed/Error: 904^x^messageErrorCondition"));
    h.receive(seen);
    CHECK(readings(h) == "YN904");
}

TEST_CASE("the reader is the mailbox that read", "[returns]")
{
    sent_letter h(attempt_end::accepted, with_reading());
    const auto zam = [&h] { return h.acks().begin()->second; };
    h.receive(h.mdn("displayed"));
    CHECK(zam().find("AckMetierZAM|99900000029|^^X.400^" + roux + "|") != std::string::npos);
    sent_letter forwarded(attempt_end::accepted, with_reading());
    forwarded.receive(tests::replaced(forwarded.mdn("displayed"), "rfc822;" + roux, "rfc822;appli@medecin.example"));
    CHECK(forwarded.acks().begin()->second.find("AckMetierZAM||^^X.400^appli@medecin.example|") != std::string::npos);
}

TEST_CASE("what matches nothing is kept for people, once", "[returns]")
{
    sent_letter h;
    const std::string strange = h.dsn(mime::report::dsn_action::delivered, "unknown-envid");
    const std::string words = "From: <a@b.example>\r\nMessage-ID: <q@b.example>\r\n\r\nQui est-ce ?\r\n";
    for (int i = 0; i < 2; ++i) {
        const auto told = i == 0 ? store_verdict::stored : store_verdict::duplicate;
        CHECK(h.receive(strange) == told);
        CHECK(h.receive(words) == told);
    }
    CHECK(h.receive(std::string(100, '\0')) == store_verdict::stored);
    REQUIRE(h.refusals().size() == 3);
    const auto kept = h.ask([&](auto& r) { return r.blob(h.refusals()[1].content); });
    REQUIRE(kept.has_value());
    CHECK(h.vault.open(*kept).value() == words);
    CHECK(h.only().state == delivery_state::accepted);
}

TEST_CASE("a report of ours cannot be moved by a report", "[returns]")
{
    sent_letter h;
    hosted_mail hosting(h.with(), {{"medecin.example"}, "operateur.example", "", "md@medecin.example", tests::paris()},
                        [] {});
    REQUIRE(h.store->write([&](ports::transaction& tx) { tx.save_account({"r", roux, "h", true}); }).has_value());
    ports::mail_envelope to;
    to.reverse_path = "relais@hopital.example";
    to.recipients.emplace_back();
    to.recipients[0].address = roux;
    to.recipients[0].notify.success = true;
    REQUIRE(hosting.store(to, "Message-ID: <m@x.example>\r\n\r\nx\r\n", {}) == store_verdict::stored);
    const auto ours = h.ask([](auto& r) { return r.deliveries_in(delivery_state::queued, 10); });
    REQUIRE(ours.size() == 1);
    const std::string bounce = "From: <>\r\nMessage-ID: <z@x.example>\r\nIn-Reply-To: <" + ours[0].message_id +
                               ">\r\n" + h.negative().substr(h.negative().find("MIME-Version"));
    h.receive(tests::replaced(bounce, h.only().envid, "none"));
    CHECK(h.ask([&](auto& r) { return r.delivery(ours[0].id); })->state == delivery_state::queued);
}

TEST_CASE("what each kind of return does to a letter that was accepted", "[returns][corpus]")
{
    using enum delivery_state;
    struct row {
        std::string base;
        delivery_state state;
        cause why;
        std::string listed;  // for people
    };
    const std::vector<row> rows = {
        {"postfix_failed", failed, cause::no_mailbox, ""},
        {"postfix_delayed", accepted, cause::none, ""},
        {"postfix_delivered", confirmed, cause::none, ""},
        {"postfix_relayed", accepted, cause::none, ""},
        {"exim_failed", failed, cause::closed, ""},
        {"exim_plain", failed, cause::mailbox_full, ""},
        {"exim_warning", accepted, cause::none, ""},
        {"exchange_human", failed, cause::no_mailbox, ""},
        {"exchange_fr", failed, cause::mailbox_full, ""},
        {"qmail", failed, cause::no_mailbox, ""},
        {"sendmail_failed", failed, cause::content_refused, ""},
        {"national_bounce", failed, cause::closed, ""},
        {"forwarder_failed", failed, cause::mailbox_full, ""},
        {"mdn_displayed", displayed, cause::none, ""},
        {"national_processed", processed, cause::none, ""},
        {"national_error_old", rejected_by_software, cause::filing_902, ""},
        {"national_error_new", rejected_by_software, cause::filing_904, ""},
        {"national_error_mail", rejected_by_software, cause::filing_905, ""},
        {"vacation_sieve", accepted, cause::none, "AUTO_REPLY"},
        {"vacation_exchange", accepted, cause::none, "AUTO_REPLY"},
        {"reply_plain", accepted, cause::none, "REPLY"},
        {"reply_disputed", accepted, cause::disputed, "DISPUTED"},
        {"reply_html", accepted, cause::disputed, "DISPUTED"},
        {"stranger", accepted, cause::none, "UNMATCHED"},
    };
    for (const row& tc : rows) {
        CAPTURE(tc.base);
        sent_letter h;
        const std::string mail = h.corpus(tc.base);
        for (int time = 0; time < 2; ++time) {  // applied once
            CHECK(h.receive(mail) == (time == 0 ? store_verdict::stored : store_verdict::duplicate));
            CHECK(h.only().state == tc.state);
            CHECK(h.only().why == tc.why);
            CHECK(h.listed() == tc.listed);
        }
        std::size_t reports = 0;
        for (const event& each : h.events(h.id)) reports += each.facts.evidence.empty() ? 0 : 1;
        CHECK(reports == (tc.listed.empty() || tc.listed == "DISPUTED" ? 1 : 0));
        CHECK(h.only().accepted_at.has_value() == (tc.state != failed));
        CHECK(fold_delivery(h.events(h.id)).disputed == (tc.listed == "DISPUTED"));
    }
}

TEST_CASE("nobody forges evidence for a letter that was not sent to him", "[returns]")
{
    struct row {
        std::string name, base, old, now, listed;
    };
    for (const row& tc :
         std::vector<row>{{"another recipient, without the original one", "forwarder_failed",
                           "Original-Recipient: rfc822;" + roux + "\r\n", "", "OTHER_RECIPIENT"},
                          {"a bounce that names somebody else", "qmail",
                           "<" + roux + ">:", "<jean.petit@medecin.example>:", "OTHER_RECIPIENT"},
                          {"an ENVID and a Message-ID that are not ours", "postfix_delivered", "", "", "UNMATCHED"},
                          {"a receipt with a Message-ID that is not ours", "mdn_displayed", "", "", "UNMATCHED"},
                          {"a reply to another mail", "reply_disputed", "", "", "UNMATCHED"}}) {
        CAPTURE(tc.name);
        sent_letter h;
        std::string mail =
            tc.old.empty()
                ? tests::corpus::with_crlf(tests::corpus::file_text(TESTS_DATA "/returns/" + tc.base + ".eml"))
                : tests::replaced(h.corpus(tc.base), tc.old, tc.now);
        const auto before = h.events(h.id).size();
        CHECK(h.receive(mail) == store_verdict::stored);
        CHECK(h.events(h.id).size() == before);
        CHECK(h.only().state == delivery_state::accepted);
        CHECK(h.listed() == tc.listed);
    }
}

TEST_CASE("a report about two letters moves neither", "[returns]")
{
    sent_letter h;
    tests::letter_order second;
    second.control_id = "DEMO000418";
    second.set = "2.999.7.9001";
    second.document = "2.999.7.9001.1";
    h.drop("autre.hl7", tests::mdm_file(second));
    std::string other;
    for (const auto& row : h.ask([](auto& r) { return r.deliveries_in(delivery_state::queued, 10); })) {
        h.attempt(row.id, attempt_end::accepted, 250);
        other = h.ask([&](auto& r) { return r.delivery(row.id); })->message_id;
    }
    REQUIRE_FALSE(other.empty());
    const auto first = h.ask([&](auto& r) { return r.delivery(h.id); }).value();
    std::string mail = tests::corpus::with_crlf(tests::corpus::file_text(TESTS_DATA "/returns/postfix_failed.eml"));
    mail = tests::replaced(mail, "e4c1b2a900f14d2e8f7a6b5c3d2e1f00", first.envid);
    mail = tests::replaced(mail, "5f1e9c3ab0d24c66a1b2c3d4e5f60718@relais.hopital.example", other);
    CHECK(h.receive(mail) == store_verdict::stored);
    CHECK(h.listed() == "CONTRADICTORY");
    CHECK(h.ask([&](auto& r) { return r.delivery(h.id); })->state == delivery_state::accepted);
}

TEST_CASE("of several recipients ours counts, and of two words on it the failure", "[returns]")
{
    const std::string served = "Final-Recipient: rfc822; " + roux + "\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n";
    sent_letter h;
    h.receive(tests::replaced(tests::replaced(h.corpus("postfix_failed"), "Final-Recipient: rfc822; " + roux,
                                              served + "Final-Recipient: rfc822; jean.petit@medecin.example"),
                              "Original-Recipient: rfc822;" + roux,
                              "Original-Recipient: rfc822;jean.petit@medecin.example"));
    CHECK(h.only().state == delivery_state::confirmed);
    sent_letter both;
    both.receive(tests::replaced(both.corpus("postfix_failed"), "Final-Recipient", served + "Final-Recipient"));
    CHECK(both.only().state == delivery_state::failed);
}

TEST_CASE("a failure after a receipt changes nothing and goes to people, once", "[returns]")
{
    sent_letter h;
    h.receive(h.corpus("mdn_displayed"));
    for (int time = 0; time < 2; ++time) h.receive(h.corpus("postfix_failed"));
    CHECK(h.only().state == delivery_state::displayed);
    CHECK(h.listed() == "LATE_NEGATIVE");
    CHECK(h.refusals()[0].field == "livraison " + h.id.text());
    CHECK(fold_delivery(h.events(h.id)).disputed);
}

TEST_CASE("replies reach the mailbox for them; what disputes is listed as well", "[returns]")
{
    sent_letter h;
    const std::string desk = "secretariat@hopital.example";
    hosted_mail hosting(h.with(), {{"hopital.example"}, "relais.example", "", "md@hopital.example", tests::paris()},
                        [] {});
    relay::track::returns joined(h.with(), {std::string(tests::hospital_address), tests::paris(), desk, &hosting});
    ports::mail_envelope from;
    from.reverse_path = roux;
    // Not there yet: listed, never lost.
    CHECK(joined.store(from, h.corpus("reply_plain"), {}) == store_verdict::stored);
    CHECK(h.listed() == "REPLY");
    REQUIRE(h.store->write([&](ports::transaction& tx) { tx.save_account({"s", desk, "h", true}); }).has_value());
    const auto kept = [&] { return h.ask([&](auto& r) { return r.counts(); }).refusals; };
    const std::string disputed = h.corpus("reply_disputed"),
                      html = tests::replaced(h.corpus("reply_html"), "ne connais pas", "connais");
    for (int time = 0; time < 2; ++time) {
        CHECK(joined.store(from, html, {}) == (time == 0 ? store_verdict::stored : store_verdict::duplicate));
        CHECK(kept() == 1);
    }
    CHECK(h.only().why == cause::none);
    for (int time = 0; time < 2; ++time)
        CHECK(joined.store(from, disputed, {}) == (time == 0 ? store_verdict::stored : store_verdict::duplicate));
    CHECK(kept() == 2);
    CHECK(h.only().why == cause::disputed);
    CHECK(h.only().accepted_at.has_value());
    CHECK(joined.store(from, h.corpus("vacation_sieve"), {}) == store_verdict::stored);
    CHECK(kept() == 3);
}

TEST_CASE("a dispute is kept whatever is still to be known of the mail", "[returns]")
{
    sent_letter lost(attempt_end::uncertain);
    lost.receive(lost.corpus("reply_disputed"));
    CHECK(lost.only().state == delivery_state::uncertain);
    CHECK(lost.only().why == cause::disputed);
    CHECK(lost.listed() == "DISPUTED");
    lost.clock.advance(2h);
    lost.attempt(lost.id, attempt_end::accepted, 250);  // the same mail again
    CHECK(lost.only().state == delivery_state::accepted);
    CHECK(lost.only().why == cause::disputed);
    lost.receive(lost.positive());
    CHECK(lost.only().state == delivery_state::confirmed);
    CHECK(lost.only().why == cause::disputed);
}

TEST_CASE("a reply that carries another letter is about the one it answers", "[returns]")
{
    sent_letter h;
    tests::letter_order second;
    second.control_id = "DEMO000418";
    second.set = "2.999.7.9001";
    second.document = "2.999.7.9001.1";
    h.drop("autre.hl7", tests::mdm_file(second));
    for (const auto& row : h.ask([](auto& r) { return r.deliveries_in(delivery_state::queued, 10); }))
        h.attempt(row.id, attempt_end::accepted, 250);
    const auto answered = h.ask([&](auto& r) { return r.delivery(h.id); }).value();
    std::string other;
    for (const auto& row : h.ask([](auto& r) { return r.deliveries_in(delivery_state::accepted, 10); }))
        if (row.id != h.id) other = row.message_id;
    REQUIRE_FALSE(other.empty());
    const std::string mail = "From: <" + roux +
                             ">\r\nSubject: RE: lettre\r\nMessage-ID: <r@x.example>\r\nIn-Reply-To: <" +
                             answered.message_id +
                             ">\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
                             "--a\r\n\r\nCe n'est pas mon patient.\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n"
                             "Message-ID: <" +
                             other + ">\r\n\r\nx\r\n--a--\r\n";
    CHECK(h.receive(mail) == store_verdict::stored);
    CHECK(h.listed() == "DISPUTED");
    CHECK(h.ask([&](auto& r) { return r.delivery(h.id); })->why == cause::disputed);
    CHECK(h.ask([&](auto& r) { return r.delivery_by_message_id(other); })->why == cause::none);
}

TEST_CASE("the bytes of a report are kept sealed, for a time", "[returns]")
{
    sent_letter h;
    const auto blobs = [&] {
        std::size_t dropped = 0;
        REQUIRE(
            h.store
                ->write([&](ports::transaction& tx) { dropped = tx.returned().drop_content(h.clock.now() + 1ms, 10); })
                .has_value());
        return dropped;
    };
    const std::string report = h.positive();
    CHECK(h.receive(report) == store_verdict::stored);
    CHECK(h.receive("From: <a@b.example>\r\n\r\nlisted, and kept there\r\n") == store_verdict::stored);
    CHECK(blobs() == 1);
    CHECK(blobs() == 0);
    CHECK(h.receive(report) == store_verdict::duplicate);  // still known
}
