// The operator's end: stored durably, repeats recognised, one success report for each mail that asked.
#include <catch2/catch.hpp>

#include "mime/report/returned_mail.hpp"
#include "relay/pipeline/account_logins.hpp"
#include "relay/pipeline/hosted_mail.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using ports::recipient_verdict;
using ports::store_verdict;

namespace {
const std::string mail =
    "From: <relais@hopital.example>\r\nTo: <anne.roux@medecin.example>\r\nSubject: XDM/1.0/DDM+11490-0\r\n"
    "Date: Fri, 20 Nov 2026 15:00:00 +0100\r\nMessage-ID: <m1@relais.example>\r\n\r\nBonjour\r\n";

struct operator_house : tests::house {
    hosted_mail hosting;
    operator_house() : hosting(with(), options_of(""), [this] { ++queued; })
    {
        add_account("anne.roux@medecin.example", true);
        add_account("paul.vidal@medecin.example", true);
        add_account("clos@medecin.example", false);
    }
    static hosted_mail_options options_of(std::string postmaster)
    {
        return {{"medecin.example"},
                "operateur.example",
                std::move(postmaster),
                "mailer-daemon@medecin.example",
                tests::paris()};
    }
    void add_account(const std::string& address, bool enabled)
    {
        REQUIRE(store
                    ->write([&](ports::transaction& tx) {
                        tx.save_account({address.substr(0, address.find('@')), address, "hash", enabled});
                    })
                    .has_value());
    }
    static ports::mail_envelope envelope(std::vector<std::string> to, bool success = true)
    {
        ports::mail_envelope all;
        all.reverse_path = "relais@hopital.example";
        all.envid = "envid-1";
        for (auto& address : to) {
            ports::envelope_recipient one;
            one.address = std::move(address);
            one.notify.success = success;
            all.recipients.push_back(std::move(one));
        }
        return all;
    }
    std::vector<delivery_row> reports()
    {
        return ask([](auto& r) { return r.deliveries_in(delivery_state::queued, 100); });
    }
};
}

TEST_CASE("whom we take mail for", "[hosted]")
{
    operator_house h;
    struct row {
        std::string_view address;
        recipient_verdict verdict;
    };
    for (const row& tc : {row{"anne.roux@medecin.example", recipient_verdict::accepted},
                          row{"anne.roux@MEDECIN.example", recipient_verdict::accepted},
                          row{"nobody@medecin.example", recipient_verdict::mailbox_unknown},
                          row{"clos@medecin.example", recipient_verdict::mailbox_closed},
                          row{"anne.roux@ailleurs.example", recipient_verdict::not_local},
                          row{"postmaster", recipient_verdict::accepted},
                          row{"PostMaster@medecin.example", recipient_verdict::accepted},
                          row{"postmaster@operateur.example", recipient_verdict::accepted},
                          row{"postmaster@ailleurs.example", recipient_verdict::not_local}}) {
        CAPTURE(tc.address);
        CHECK(h.hosting.check_recipient(tc.address, {}) == tc.verdict);
    }
}

TEST_CASE("stored once, a repeat answered like the first, its report queued once", "[hosted]")
{
    operator_house h;
    const auto to = operator_house::envelope({"anne.roux@medecin.example"});
    CHECK(h.hosting.store(to, mail, {}) == store_verdict::stored);
    CHECK(h.hosting.store(to, mail, {}) == store_verdict::duplicate);
    REQUIRE(h.reports().size() == 1);
    const auto row = h.reports()[0];
    CHECK(row.kind == delivery_kind::report);
    CHECK(row.domain == "hopital.example");
    const auto object = h.ask([&](auto& r) { return r.blob(row.mail); });
    REQUIRE(object.has_value());
    const auto report = mime::report::read_returned_mail(h.vault.open(*object).value());
    REQUIRE(report.kind == mime::report::return_kind::dsn);
    CHECK(report.envelope_id == "envid-1");
    CHECK(report.recipients.at(0).action == mime::report::dsn_action::delivered);
    CHECK(report.originals.at(0).id == "m1@relais.example");
    // The same id with other bytes is another mail.
    CHECK(h.hosting.store(to, mail + "PS\r\n", {}) == store_verdict::stored);
    CHECK(h.reports().size() == 2);
}

TEST_CASE("no report where none was asked, or where nobody would get it", "[hosted]")
{
    operator_house h;
    CHECK(h.hosting.store(operator_house::envelope({"anne.roux@medecin.example"}, false), mail, {}) ==
          store_verdict::stored);
    auto to = operator_house::envelope({"paul.vidal@medecin.example"});
    to.reverse_path.clear();
    CHECK(h.hosting.store(to, mail, {}) == store_verdict::stored);
    CHECK(h.reports().empty());
}

TEST_CASE("a mail for several: each is decided alone, one report tells of those whose mailbox is gone", "[hosted]")
{
    operator_house h;
    auto three =
        operator_house::envelope({"anne.roux@medecin.example", "late@medecin.example", "clos@medecin.example"}, false);
    three.recipients[1].orcpt = "rfc822;Late@Medecin.example";
    CHECK(h.hosting.store(three, mail, {}) == store_verdict::stored);
    REQUIRE(h.reports().size() == 1);
    CHECK(h.hosting.store(three, mail, {}) == store_verdict::duplicate);  // nor is the report queued twice
    REQUIRE(h.reports().size() == 1);
    const auto object = h.ask([&](auto& r) { return r.blob(h.reports()[0].mail); });
    const auto report = mime::report::read_returned_mail(h.vault.open(*object).value());
    REQUIRE(report.kind == mime::report::return_kind::dsn);
    REQUIRE(report.recipients.size() == 2);
    const auto& late = report.recipients[0];
    CHECK(late.action == mime::report::dsn_action::failed);
    CHECK(late.status == mime::report::enhanced_status{5, 1, 1});
    CHECK(late.smtp_code == 550);
    CHECK(late.original_recipient == "Late@Medecin.example");
    CHECK(report.recipients[1].final_recipient == "clos@medecin.example");
    h.add_account("late@medecin.example", true);
    CHECK(h.hosting.store(three, mail, {}) == store_verdict::stored);
    const auto twice = operator_house::envelope({"anne.roux@medecin.example", "Anne.Roux@medecin.example"}, false);
    CHECK(h.hosting.store(twice, mail + "x\r\n", {}) == store_verdict::stored);
}

TEST_CASE("who asked for no failure report, or is nobody, gets none; all gone is the reply's to say", "[hosted]")
{
    operator_house h;
    auto never = operator_house::envelope({"anne.roux@medecin.example", "late@medecin.example"}, false);
    never.recipients[1].notify.never = true;
    CHECK(h.hosting.store(never, mail, {}) == store_verdict::stored);
    auto only_success = operator_house::envelope({"paul.vidal@medecin.example", "late@medecin.example"}, false);
    only_success.recipients[1].notify.success = true;
    CHECK(h.hosting.store(only_success, mail, {}) == store_verdict::stored);
    auto nobody = operator_house::envelope({"paul.vidal@medecin.example", "late@medecin.example"}, false);
    nobody.reverse_path.clear();
    CHECK(h.hosting.store(nobody, mail + "x\r\n", {}) == store_verdict::stored);
    CHECK(h.hosting.store(operator_house::envelope({"late@medecin.example"}, false), mail, {}) ==
          store_verdict::mailbox_unknown);
    CHECK(h.reports().empty());
}

TEST_CASE("RET=FULL gives back what is sealed, and of anything else its header without a subject", "[hosted][dsn]")
{
    struct row {
        std::string type;
        ports::return_wish ret;
        bool whole;
    };
    const auto tc = GENERATE(values<row>({
        {"sealed", ports::return_wish::full, true},
        {"sealed", ports::return_wish::headers, false},
        {"sealed", ports::return_wish::not_said, false},
        {"text/plain", ports::return_wish::full, false},
        {"application/pkcs7-mime; smime-type=enveloped-data", ports::return_wish::full, false},  // a label, no CMS
    }));
    operator_house h;
    auto to = operator_house::envelope({"anne.roux@medecin.example", "late@medecin.example"}, false);
    to.ret = tc.ret;
    const std::string fields = mail.substr(0, mail.find("\r\n\r\n") + 2);
    const std::string sent =
        tc.type == "sealed" ? tests::enveloped(fields) : "Content-Type: " + tc.type + "\r\n" + mail;
    REQUIRE(h.hosting.store(to, sent, {}) == store_verdict::stored);
    REQUIRE(h.reports().size() == 1);
    const auto object = h.ask([&](auto& r) { return r.blob(h.reports()[0].mail); });
    const std::string report = h.vault.open(*object).value();
    CHECK(report.find("Bonjour") == std::string::npos);
    CHECK((report.find("message/rfc822") != std::string::npos) == tc.whole);
    CHECK((report.find("XDM/1.0") != std::string::npos) == tc.whole);
    CHECK(report.find("<m1@relais.example>") != std::string::npos);
    CHECK(mime::report::read_returned_mail(report).envelope_id == "envid-1");
}

TEST_CASE("mail that goes round in circles is refused: at the limit and one past it", "[hosted]")
{
    const auto hops = [](std::size_t count, const std::string& by) {
        std::string all;
        for (std::size_t i = 0; i < count; ++i)
            all += "Received: from a.example ([192.0.2.1])\r\n\tby " + by +
                   " with ESMTPS\r\n\tid x; Fri, 20 Nov 2026 15:00:00 +0100\r\n";
        return all;
    };
    CHECK_FALSE(is_looping(hops(100, "b.example") + mail, "operateur.example"));
    CHECK(is_looping(hops(101, "b.example") + mail, "operateur.example"));
    CHECK_FALSE(is_looping(hops(3, "Operateur.example") + mail, "operateur.example"));
    CHECK(is_looping(hops(4, "Operateur.example") + mail, "operateur.example"));
    CHECK_FALSE(is_looping(hops(4, "operateur.example.org") + mail, "operateur.example"));
    CHECK_FALSE(is_looping(mail + hops(101, "operateur.example"), "operateur.example"));
    operator_house h;
    CHECK(h.hosting.store(operator_house::envelope({"anne.roux@medecin.example"}), hops(4, "operateur.example") + mail,
                          {}) == store_verdict::looping);
}

TEST_CASE("a submitted mail names its account in From, and nobody else", "[hosted][submission]")
{
    operator_house h;
    ports::session_facts from;
    from.login = "paul.vidal@medecin.example";
    const auto to = operator_house::envelope({"anne.roux@medecin.example"}, false);
    const auto with_from = [](const std::string& fields) { return fields + "Subject: x\r\n\r\nBonjour\r\n"; };
    CHECK(h.hosting.store(to, with_from("From: Paul <Paul.Vidal@medecin.example>\r\n"), from) == store_verdict::stored);
    for (const auto* wrong : {"From: <anne.roux@medecin.example>\r\n", "",
                              "From: <paul.vidal@medecin.example>, <anne.roux@medecin.example>\r\n",
                              "From: <paul.vidal@medecin.example>\r\nFrom: <anne.roux@medecin.example>\r\n"}) {
        CAPTURE(wrong);
        CHECK(h.hosting.store(to, with_from(wrong), from) == store_verdict::sender_refused);
    }
    const auto field = ports::received_field(from, "mx.example", "id", instant{});
    CHECK(field.find(" with ESMTPA\r\n") != std::string::npos);
}

TEST_CASE("logins over the accounts", "[hosted][submission]")
{
    operator_house h;
    using verdict = ports::login_answer::verdict;
    std::vector<std::string> hashes;
    const auto right = [&hashes](std::string_view hash, std::string_view password) {
        hashes.emplace_back(hash);
        return hash == "hash" && password == "juste";
    };
    account_logins logins(*h.store, h.clock, right, 1);
    CHECK(logins.by_password("paul.vidal", "juste").address == "paul.vidal@medecin.example");
    CHECK(logins.by_password("paul.vidal", "faux").said == verdict::refused);
    CHECK(logins.by_password("clos", "juste").said == verdict::refused);
    CHECK(logins.by_password("personne", "juste").said == verdict::refused);
    CHECK(hashes.size() == 4);  // as much work for an unknown user
    CHECK(hashes[3].empty());
    const std::vector<std::string> one{"Paul.Vidal@medecin.example", "paul@ailleurs.example"};
    const std::vector<std::string> two{"paul.vidal@medecin.example", "anne.roux@medecin.example"};
    CHECK(logins.by_certificate(one, "").address == "paul.vidal@medecin.example");
    CHECK(logins.by_certificate(one, "paul@ailleurs.example").said == verdict::refused);
    CHECK(logins.by_certificate(two, "").said == verdict::refused);
    CHECK(logins.by_certificate(two, "anne.roux@medecin.example").address == "anne.roux@medecin.example");
    CHECK(logins.by_certificate(one, "anne.roux@medecin.example").said == verdict::refused);
    CHECK(logins.by_certificate(std::vector<std::string>{"clos@medecin.example"}, "").said == verdict::refused);

    account_logins* inner = nullptr;
    verdict while_busy = verdict::accepted;
    account_logins busy(
        *h.store, h.clock,
        [&](std::string_view, std::string_view) {
            while_busy = inner->by_password("anne.roux", "x").said;
            return true;
        },
        1);
    inner = &busy;
    CHECK(busy.by_password("paul.vidal", "juste").said == verdict::accepted);
    CHECK(while_busy == verdict::unavailable);
}

namespace {
struct other_server final : ports::mailbox_server {
    std::map<std::string, ports::mailbox_reply, std::less<>> replies;
    std::vector<std::string> kept;
    ports::mailbox_reply check(std::string_view address) override { return reply_to(address); }
    ports::mailbox_reply deliver(std::string_view, std::string_view address, std::string_view message) override
    {
        const auto said = reply_to(address);
        if (said.is_positive()) kept.push_back(std::string(address) + "\n" + std::string(message));
        return said;
    }
    ports::mailbox_reply reply_to(std::string_view address)
    {
        const auto found = replies.find(address);
        return found == replies.end() ? ports::mailbox_reply{250, "2.0.0"} : found->second;
    }
};
}

TEST_CASE("another server keeps the mailboxes: its word is ours, a repeat is not handed over again", "[hosted][lmtp]")
{
    operator_house h;
    other_server server;
    server.replies = {{"no@medecin.example", {550, "5.1.1"}},
                      {"shut@medecin.example", {550, "5.2.1"}},
                      {"full@medecin.example", {452, "4.2.2"}},
                      {"away@medecin.example", {}}};
    auto options = operator_house::options_of("");
    options.server = &server;
    hosted_mail hosting(h.with(), options, [] {});
    CHECK(hosting.check_recipient("any@medecin.example", {}) == recipient_verdict::accepted);
    CHECK(hosting.check_recipient("no@medecin.example", {}) == recipient_verdict::mailbox_unknown);
    CHECK(hosting.check_recipient("shut@medecin.example", {}) == recipient_verdict::mailbox_closed);
    CHECK(hosting.check_recipient("full@medecin.example", {}) == recipient_verdict::temporary_failure);
    CHECK(hosting.check_recipient("away@medecin.example", {}) == recipient_verdict::temporary_failure);
    CHECK(hosting.check_recipient("any@ailleurs.example", {}) == recipient_verdict::not_local);

    const auto one = operator_house::envelope({"any@medecin.example"});
    CHECK(hosting.store(one, mail, {}) == store_verdict::stored);
    CHECK(hosting.store(one, mail, {}) == store_verdict::duplicate);
    REQUIRE(server.kept.size() == 1);
    CHECK(server.kept[0].starts_with("any@medecin.example\nReceived: "));
    CHECK(server.kept[0].ends_with("\r\n" + mail));
    CHECK(h.reports().size() == 1);
    CHECK(hosting.store(operator_house::envelope({"no@medecin.example"}), mail, {}) == store_verdict::mailbox_unknown);
    const auto three =
        operator_house::envelope({"other@medecin.example", "away@medecin.example", "no@medecin.example"}, false);
    CHECK(hosting.store(three, mail, {}) == store_verdict::temporary_failure);
    CHECK(h.reports().size() == 1);  // nothing is told before every one is decided
    server.replies.erase("away@medecin.example");
    CHECK(hosting.store(three, mail, {}) == store_verdict::stored);
    CHECK(server.kept.size() == 3);
    CHECK(h.reports().size() == 2);
    CHECK(hosting.store(operator_house::envelope({"postmaster"}), mail, {}) == store_verdict::stored);
    CHECK(server.kept.size() == 3);
}

TEST_CASE("mail to the postmaster is read by somebody", "[hosted]")
{
    operator_house h;
    CHECK(h.hosting.store(operator_house::envelope({"postmaster"}), mail, {}) == store_verdict::stored);
    CHECK(h.hosting.store(operator_house::envelope({"Postmaster@medecin.example"}), mail, {}) ==
          store_verdict::duplicate);
    REQUIRE(h.refusals().size() == 1);
    CHECK(h.refusals()[0].code == "POSTMASTER");
    hosted_mail named(h.with(), operator_house::options_of("anne.roux@medecin.example"), [] {});
    CHECK(named.store(operator_house::envelope({"postmaster"}, false), mail, {}) == store_verdict::stored);
    hosted_mail wrong(h.with(), operator_house::options_of("nobody@medecin.example"), [] {});
    CHECK(wrong.check_recipient("postmaster", {}) == recipient_verdict::accepted);
    CHECK(wrong.store(operator_house::envelope({"postmaster"}), mail + "x\r\n", {}) == store_verdict::stored);
    CHECK(h.refusals().size() == 2);
}

TEST_CASE("a full disk refuses mail for now", "[hosted]")
{
    operator_house h;
    h.options.reserve_octets = std::uint64_t{1} << 60U;
    h.open();
    hosted_mail hosting(h.with(), operator_house::options_of(""), [] {});
    CHECK(hosting.store(operator_house::envelope({"anne.roux@medecin.example"}), mail, {}) == store_verdict::no_space);
}

TEST_CASE("our report goes out by the rule of its domain and is forgotten when taken", "[hosted]")
{
    operator_house h;
    REQUIRE(h.hosting.store(operator_house::envelope({"anne.roux@medecin.example"}), mail, {}) ==
            store_verdict::stored);
    const auto id = h.reports().at(0).id;
    const auto out = h.attempt(id, attempt_end::accepted);
    CHECK(out.kind == delivery_kind::report);
    CHECK(out.reverse_path.empty());
    CHECK(out.recipient == "relais@hopital.example");
    const auto row = h.ask([&](auto& r) { return r.delivery(id); });
    REQUIRE(row.has_value());
    CHECK(row->state == delivery_state::accepted);
    CHECK(row->mail.empty());
}
