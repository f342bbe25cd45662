// Mail of account holders for other operators: what is taken, how it waits, what its sender hears, over a real store.
#include <catch2/catch.hpp>

#include "mime/report/returned_mail.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;
using mime::report::dsn_action;
using ports::recipient_verdict;
using ports::store_verdict;

namespace {
const std::string paul = "paul.vidal@medecin.example";
const std::string anne = "anne.roux@medecin.example";
const std::string far = "b@ailleurs.example";
const std::string fields =
    "From: <paul.vidal@medecin.example>\r\nTo: <b@ailleurs.example>\r\nSubject: avis\r\n"
    "Date: Fri, 20 Nov 2026 15:00:00 +0100\r\nMessage-ID: <m1@poste.example>\r\n";
const std::string clear = fields + "\r\nBonjour\r\n";

struct submitting : tests::house {
    std::unique_ptr<hosted_mail> hosting;
    std::unique_ptr<relay::pipeline::outbound> sending;
    ports::session_facts from;
    submitting() { set_up(clear_text::stays_here); }
    void set_up(clear_text policy, ports::mailbox_server* server = nullptr)
    {
        hosted_mail_options wanted{
            {"medecin.example"}, "operateur.example", "", "mailer-daemon@medecin.example", tests::paris()};
        wanted.clear = policy;
        wanted.server = server;
        routes.trusted_domains = {"ailleurs.example", "attente.example", "sansroute.example"};
        routes.rules = {{"ailleurs.example", {"mx.ailleurs.example", 25, "mx.ailleurs.example"}, seal_profile::smime},
                        {"attente.example", {"x", 25, "x"}, seal_profile::hold}};
        hosting = std::make_unique<hosted_mail>(with(), wanted, [this] { ++queued; });
        outbound_options out;
        out.node_name = "operateur.example";
        out.hosted = hosting.get();
        sending = std::make_unique<relay::pipeline::outbound>(with(), std::move(out));
        from.login = paul;
        for (const auto& address : {paul, anne})
            REQUIRE(store->write([&](ports::transaction& tx) {
                             tx.save_account({address, address, "hash", true});
                         })
                        .has_value());
    }
    ports::mail_envelope to(const std::vector<std::string>& addresses, const ports::notify_wish& wish = {}) const
    {
        ports::mail_envelope all;
        all.reverse_path = paul;
        for (const auto& address : addresses) all.recipients.push_back({address, wish, ""});
        return all;
    }
    std::vector<delivery_row> rows(delivery_kind kind, delivery_state state = delivery_state::queued)
    {
        auto all = ask([&](auto& r) { return r.deliveries_in(state, 100); });
        std::erase_if(all, [&](const delivery_row& row) { return row.kind != kind; });
        return all;
    }
    attempt_result answered(attempt_end end, int code, std::string status, bool reports = true)
    {
        attempt_result outcome;
        outcome.end = end;
        outcome.smtp_code = code;
        outcome.enhanced_status = std::move(status);
        outcome.peer = "mx.ailleurs.example";
        outcome.peer_reports = reports;
        return outcome;
    }
    void attempt_with(const delivery_id& id, const attempt_result& outcome)
    {
        const auto mail = sending->prepare(id).value();
        REQUIRE(mail.has_value());
        REQUIRE(sending->finish(*mail, outcome).has_value());
    }
    // The only report that waits, delivered to Paul's mailbox and read.
    mime::report::returned_mail told()
    {
        const auto waiting = rows(delivery_kind::report);
        REQUIRE(waiting.size() == 1);
        CHECK(waiting[0].domain == "medecin.example");
        const auto object = ask([&](auto& r) { return r.blob(waiting[0].mail); });
        last = vault.open(*object).value();
        CHECK_FALSE(sending->prepare(waiting[0].id).value().has_value());  // it never leaves this server
        CHECK(rows(delivery_kind::report).empty());
        CHECK(ask([&](auto& r) { return r.delivery(waiting[0].id); })->state == delivery_state::accepted);
        return mime::report::read_returned_mail(last);
    }
    std::string last;
};
}

TEST_CASE("which recipients an account holder may name", "[submission]")
{
    submitting h;
    struct row {
        std::string address;
        recipient_verdict logged_in, stranger;
    };
    using enum recipient_verdict;
    for (const auto& tc :
         {row{anne, accepted, accepted}, row{far, accepted, not_local}, row{"b@AILLEURS.example", accepted, not_local},
          row{"b@inconnu.example", untrusted_domain, not_local}, row{"b@attente.example", no_route, not_local},
          row{"b@sansroute.example", no_route, not_local},
          row{"285076900000095@patient.mssante.fr", no_route, not_local},
          row{"postmaster@inconnu.example", untrusted_domain, not_local},
          row{"nobody@medecin.example", mailbox_unknown, mailbox_unknown}}) {
        CAPTURE(tc.address);
        CHECK(h.hosting->check_recipient(tc.address, h.from) == tc.logged_in);
        CHECK(h.hosting->check_recipient(tc.address, {}) == tc.stranger);
    }
}

TEST_CASE("one row for each recipient elsewhere, one object for all, with the mailboxes here in one unit",
          "[submission]")
{
    submitting h;
    auto envelope = h.to({anne, far, "c@ailleurs.example", "B@ailleurs.example"}, {.success = true});
    envelope.envid = "env";
    envelope.recipients[1].orcpt = "rfc822;B@ailleurs.example";
    const std::string sent = tests::enveloped("Bcc: <x@x.example>\r\n" + fields);
    const auto commits = h.queued;
    CHECK(h.hosting->store(envelope, sent, h.from) == store_verdict::stored);
    CHECK(h.queued == commits + 1);
    CHECK(h.hosting->store(envelope, sent, h.from) == store_verdict::duplicate);
    const auto rows = h.rows(delivery_kind::mail);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].mail == rows[1].mail);
    CHECK(rows[0].letter.empty());
    CHECK((rows[0].message_id.empty() && rows[0].envid.empty()));  // the sender's words match no report about a letter
    CHECK(h.ask([](auto& r) { return r.counts(); }).letters == 0);

    auto mail = h.sending->prepare(rows[0].id).value();
    REQUIRE(mail.has_value());
    CHECK(mail->kind == delivery_kind::mail);
    CHECK(mail->reverse_path == paul);
    CHECK(mail->envid == "env");
    CHECK(mail->notify.success);
    CHECK_FALSE(mail->notify.failure);
    CHECK(mail->to.host == "mx.ailleurs.example");
    CHECK(mail->bytes->starts_with("Received: "));
    CHECK(mail->bytes->find("x@x.example") == std::string::npos);
    REQUIRE(h.sending->finish(*mail, h.answered(attempt_end::accepted, 250, "2.0.0")).has_value());
    CHECK(h.ask([&](auto& r) { return r.blob(rows[1].mail); }).has_value());  // the other one still needs it
    h.attempt_with(rows[1].id, h.answered(attempt_end::accepted, 250, "2.0.0"));
    CHECK_FALSE(h.ask([&](auto& r) { return r.blob(rows[1].mail); }).has_value());
    CHECK(h.rows(delivery_kind::report).size() == 1);  // of Anne's mailbox; the peer reports on the others
    CHECK(h.acks().empty());
}

TEST_CASE("clear text stays here unless the settings let it go; receipts always go", "[submission]")
{
    submitting h;
    CHECK(h.hosting->store(h.to({far}), clear, h.from) == store_verdict::clear_refused);
    CHECK(h.rows(delivery_kind::mail).empty());
    CHECK(h.rows(delivery_kind::report).empty());  // the reply has said it
    CHECK(h.hosting->store(h.to({anne, far}), clear, h.from) == store_verdict::stored);
    CHECK(h.rows(delivery_kind::mail).empty());
    const auto said = h.told();
    REQUIRE(said.recipients.size() == 1);
    CHECK(said.recipients[0].final_recipient == far);
    CHECK(said.recipients[0].status == mime::report::enhanced_status{5, 7, 1});
    CHECK(said.recipients[0].diagnostic.find("S/MIME") != std::string::npos);
    CHECK(h.last.find("Subject: avis") != std::string::npos);  // his own, and it stays in his mailbox

    auto receipt = h.to({far});
    receipt.reverse_path.clear();
    CHECK(h.hosting->store(receipt,
                           "From: <paul.vidal@medecin.example>\r\n"
                           "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n"
                           "--b\r\n\r\nLu.\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
                           "Final-Recipient: rfc822; paul.vidal@medecin.example\r\n"
                           "Disposition: manual-action/MDN-sent-manually; displayed\r\n--b--\r\n",
                           h.from) == store_verdict::stored);
    CHECK(h.rows(delivery_kind::mail).size() == 1);
    h.set_up(clear_text::to_trusted);
    CHECK(h.hosting->store(h.to({far}), clear, h.from) == store_verdict::stored);
    CHECK(h.rows(delivery_kind::mail).size() == 2);
    h.routes.trusted_domains.clear();  // since RCPT
    CHECK(h.hosting->store(h.to({"c@ailleurs.example"}), clear, h.from) == store_verdict::refused);
}

TEST_CASE("clear text that waits does not leave once the settings forbid it", "[submission]")
{
    submitting h;
    h.set_up(clear_text::to_trusted);
    REQUIRE(h.hosting->store(h.to({far}), clear, h.from) == store_verdict::stored);
    const auto waiting = h.rows(delivery_kind::mail);
    REQUIRE(waiting.size() == 1);
    h.set_up(clear_text::stays_here);
    CHECK_FALSE(h.sending->prepare(waiting[0].id).value().has_value());
    CHECK(h.ask([&](auto& r) { return r.delivery(waiting[0].id); })->state == delivery_state::failed);
    const auto said = h.told();
    REQUIRE(said.recipients.size() == 1);
    CHECK(said.recipients[0].status == mime::report::enhanced_status{5, 7, 1});
    CHECK_FALSE(h.ask([&](auto& r) { return r.blob(waiting[0].mail); }).has_value());
}

TEST_CASE("what its sender hears of a mail, by what he asked for and how it ended", "[submission][dsn]")
{
    struct row {
        std::string name;
        ports::notify_wish wish;
        attempt_result outcome;
        std::optional<dsn_action> told;
        std::string status;
    };
    const attempt_result refused{
        attempt_end::permanent, cause::no_mailbox, 550, "5.1.1", "mx", "", "5.1.1 nobody", false};
    const attempt_result too_big{attempt_end::permanent, cause::too_big, 0, "", "mx", "", "", false};
    const attempt_result taken{attempt_end::accepted, cause::none, 250, "2.0.0", "mx", "", "ok", true};
    const attempt_result silent{attempt_end::accepted, cause::none, 250, "2.0.0", "mx", "", "ok", false};
    const attempt_result later{attempt_end::temporary, cause::peer_down, 451, "4.3.0", "mx", "", "", false};
    using wish = ports::notify_wish;
    const std::vector<row> rows{
        {"refused, nothing asked", {}, refused, dsn_action::failed, "5.1.1"},
        {"refused, failure asked", {.failure = true}, refused, dsn_action::failed, "5.1.1"},
        {"refused, never", {.never = true}, refused, {}, ""},
        {"refused, success only", {.success = true}, refused, {}, ""},
        {"refused by SIZE, no reply", {}, too_big, dsn_action::failed, "5.3.4"},
        {"taken by a peer that reports", {.success = true}, taken, {}, ""},
        {"taken by one that does not", {.success = true}, silent, dsn_action::relayed, "2.0.0"},
        {"taken by one that does not, nothing asked", {}, silent, {}, ""},
        {"put off", wish{.success = true, .failure = true, .delay = true}, later, {}, ""},
    };
    for (const auto& tc : rows) {
        CAPTURE(tc.name);
        submitting h;
        auto envelope = h.to({far}, tc.wish);
        envelope.envid = "QQ+314";
        envelope.recipients[0].orcpt = "rfc822;B@ailleurs.example";
        REQUIRE(h.hosting->store(envelope, tests::enveloped(fields), h.from) == store_verdict::stored);
        const auto id = h.rows(delivery_kind::mail).at(0).id;
        h.attempt_with(id, tc.outcome);
        if (!tc.told) {
            CHECK(h.rows(delivery_kind::report).empty());
            continue;
        }
        const auto said = h.told();
        CHECK(said.envelope_id == "QQ+314");
        REQUIRE(said.recipients.size() == 1);
        CHECK(said.recipients[0].action == *tc.told);
        CHECK(mime::report::write_enhanced_status(*said.recipients[0].status) == tc.status);
        CHECK(said.recipients[0].original_recipient == "B@ailleurs.example");
        CHECK(h.ask([&](auto& r) { return r.delivery(id); })->mail.empty());
        CHECK_FALSE(h.sending->requeue(id).value());
    }
}

TEST_CASE("nothing is told to nobody, nor about a report of ours", "[submission][dsn]")
{
    submitting h;
    auto envelope = h.to({far});
    envelope.reverse_path.clear();
    const std::string sent = tests::enveloped(fields);
    REQUIRE(h.hosting->store(envelope, sent, h.from) == store_verdict::stored);
    h.attempt_with(h.rows(delivery_kind::mail).at(0).id, h.answered(attempt_end::permanent, 550, "5.1.1"));
    CHECK(h.rows(delivery_kind::report).empty());
    REQUIRE(h.hosting->store(h.to({far}), tests::enveloped(fields + "X-A: 1\r\n"), h.from) == store_verdict::stored);
    h.attempt_with(h.rows(delivery_kind::mail).at(0).id, h.answered(attempt_end::permanent, 550, "5.1.1"));
    REQUIRE(h.store->write([&](ports::transaction& tx) { tx.save_account({paul, paul, "hash", false}); }).has_value());
    const auto report = h.rows(delivery_kind::report).at(0).id;
    CHECK_FALSE(h.sending->prepare(report).value().has_value());
    CHECK(h.ask([&](auto& r) { return r.delivery(report); })->state ==
          delivery_state::failed);  // his mailbox is closed
    CHECK(h.rows(delivery_kind::report).empty());
}

TEST_CASE("RET=FULL gives the sender his own mail back, RET=HDRS its header", "[submission][dsn]")
{
    const auto ret = GENERATE(ports::return_wish::full, ports::return_wish::headers, ports::return_wish::not_said);
    submitting h;
    h.set_up(clear_text::to_trusted);
    auto envelope = h.to({far});
    envelope.ret = ret;
    REQUIRE(h.hosting->store(envelope, clear, h.from) == store_verdict::stored);
    h.attempt_with(h.rows(delivery_kind::mail).at(0).id, h.answered(attempt_end::permanent, 554, "5.7.1"));
    CHECK(h.told().recipients.at(0).smtp_code == 554);
    CHECK((h.last.find("Bonjour") != std::string::npos) == (ret == ports::return_wish::full));
    CHECK(h.last.find("Subject: avis") != std::string::npos);
}

TEST_CASE("a delay is told once, at its limit; giving up is a failure", "[submission][dsn]")
{
    struct row {
        ports::notify_wish wish;
        bool delay, failure;
    };
    for (const auto& tc : {row{{}, true, true}, row{{.delay = true}, true, false}, row{{.failure = true}, false, true},
                           row{{.never = true}, false, false}}) {
        submitting h;
        REQUIRE(h.hosting->store(h.to({far}, tc.wish), tests::enveloped(fields), h.from) == store_verdict::stored);
        const auto id = h.rows(delivery_kind::mail).at(0).id;
        auto busy = h.answered(attempt_end::temporary, 451, "4.3.0");
        busy.why = cause::peer_down;
        h.attempt_with(id, busy);
        h.clock.advance(30min - 1ms);
        CHECK(h.sending->warn_late().value() == 0);
        h.clock.advance(1ms);
        CHECK(h.sending->warn_late().value() == 1);
        CHECK(h.sending->warn_late().value() == 0);
        REQUIRE(h.rows(delivery_kind::report).size() == (tc.delay ? 1U : 0U));
        if (tc.delay) {
            const auto said = h.told();
            CHECK(said.recipients[0].action == dsn_action::delayed);
            CHECK(said.recipients[0].status == mime::report::enhanced_status{4, 3, 0});
        }
        h.clock.advance(24h);
        CHECK(h.sending->expire().value() == 1);
        CHECK(h.ask([&](auto& r) { return r.delivery(id); })->state == delivery_state::undeliverable);
        REQUIRE(h.rows(delivery_kind::report).size() == (tc.failure ? 1U : 0U));
        if (tc.failure) {
            const auto said = h.told();
            CHECK(said.recipients[0].action == dsn_action::failed);
            CHECK(said.recipients[0].status == mime::report::enhanced_status{4, 3, 0});
            CHECK(said.recipients[0].smtp_code == 451);
        }
        CHECK(h.acks().empty());
    }
}

TEST_CASE("more mails than fit in memory are given up all the same", "[submission]")
{
    submitting h;
    std::vector<std::string> many;
    for (int i = 0; i < 20; ++i) many.push_back("b" + std::to_string(i) + "@ailleurs.example");
    REQUIRE(h.hosting->store(h.to(many), tests::enveloped(fields), h.from) == store_verdict::stored);
    h.clock.advance(24h + 1s);
    CHECK(h.sending->expire().value() == 20);
    CHECK(h.rows(delivery_kind::report).size() == 20);
}

TEST_CASE("a person cancels what waits, and its sender hears of it; nothing else can be", "[submission]")
{
    submitting h;
    REQUIRE(h.hosting->store(h.to({far, "c@ailleurs.example"}), tests::enveloped(fields), h.from) ==
            store_verdict::stored);
    const auto rows = h.rows(delivery_kind::mail);
    CHECK(h.sending->cancel(rows.at(0).id, "root").value());
    CHECK_FALSE(h.sending->cancel(rows.at(0).id, "root").value());
    CHECK(h.told().recipients.at(0).action == dsn_action::failed);
    CHECK(h.ask([&](auto& r) { return r.delivery(rows.at(0).id); })->state == delivery_state::cancelled);
    const auto under_way = h.sending->prepare(rows.at(1).id).value();
    REQUIRE(under_way.has_value());
    CHECK_FALSE(h.sending->cancel(rows.at(1).id, "root").value());
    CHECK_FALSE(h.sending->cancel(delivery_id::make(), "root").value());
}

TEST_CASE("a lost reply is sent again with the same bytes; a crash leaves it uncertain", "[submission]")
{
    submitting h;
    REQUIRE(h.hosting->store(h.to({far}), tests::enveloped(fields), h.from) == store_verdict::stored);
    const auto id = h.rows(delivery_kind::mail).at(0).id;
    const auto first = h.sending->prepare(id).value();
    REQUIRE(first.has_value());
    REQUIRE(h.sending->recover().value() == 1);
    const auto again = h.sending->prepare(id).value();
    REQUIRE(again.has_value());
    CHECK(*again->bytes == *first->bytes);
    REQUIRE(h.sending->finish(*first, h.answered(attempt_end::permanent, 550, "5.1.1")).has_value());  // a lost lease
    CHECK(h.rows(delivery_kind::report).empty());
    REQUIRE(h.sending->finish(*again, h.answered(attempt_end::accepted, 250, "2.0.0")).has_value());
}

namespace {
struct beside final : ports::mailbox_server {
    int code = 250;
    std::vector<std::string> kept;
    ports::mailbox_reply check(std::string_view) override { return {250, "2.0.0"}; }
    ports::mailbox_reply deliver(std::string_view, std::string_view address, std::string_view message) override
    {
        if (code == 250) kept.push_back(std::string(address) + "\n" + std::string(message));
        return {code, ""};
    }
};
}

TEST_CASE("with a mailbox server beside us the report is handed to it, and waits while it is away",
          "[submission][lmtp]")
{
    submitting h;
    beside server;
    h.set_up(clear_text::stays_here, &server);
    REQUIRE(h.hosting->store(h.to({far}), tests::enveloped(fields), h.from) == store_verdict::stored);
    h.attempt_with(h.rows(delivery_kind::mail).at(0).id, h.answered(attempt_end::permanent, 550, "5.1.1"));
    const auto report = h.rows(delivery_kind::report).at(0).id;
    server.code = 451;
    CHECK_FALSE(h.sending->prepare(report).value().has_value());
    CHECK(h.ask([&](auto& r) { return r.delivery(report); })->state == delivery_state::deferred);
    server.code = 250;
    h.clock.advance(10min);
    CHECK_FALSE(h.sending->prepare(report).value().has_value());
    CHECK(h.ask([&](auto& r) { return r.delivery(report); })->state == delivery_state::accepted);
    REQUIRE(server.kept.size() == 1);
    CHECK(server.kept[0].starts_with(paul + "\nFrom: "));
}

TEST_CASE("the same mail again after it failed is sent anew, and only then", "[submission]")
{
    submitting h;
    const std::string sent = tests::enveloped(fields);
    REQUIRE(h.hosting->store(h.to({far}), sent, h.from) == store_verdict::stored);
    CHECK(h.hosting->store(h.to({far}), sent, h.from) == store_verdict::duplicate);
    h.attempt_with(h.rows(delivery_kind::mail).at(0).id, h.answered(attempt_end::permanent, 550, "5.1.1"));
    CHECK(h.hosting->store(h.to({far}), sent, h.from) == store_verdict::stored);
    const auto again = h.rows(delivery_kind::mail);
    REQUIRE(again.size() == 1);
    h.attempt_with(again[0].id, h.answered(attempt_end::accepted, 250, "2.0.0"));
    CHECK(h.hosting->store(h.to({far}), sent, h.from) == store_verdict::duplicate);
}
