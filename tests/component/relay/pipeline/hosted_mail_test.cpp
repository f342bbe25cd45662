// The operator's end: stored durably, repeats recognised, one success report for each mail that asked.
#include <catch2/catch.hpp>

#include "mime/report/find_report.hpp"
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
    const auto report = mime::report::find_report(h.vault.open(*object).value());
    REQUIRE(report.has_value());
    REQUIRE(report->delivery.has_value());
    CHECK(report->delivery->original_envelope_id == "envid-1");
    CHECK(report->delivery->recipients.at(0).action == mime::report::dsn_action::delivered);
    CHECK(report->original_message_id == "m1@relais.example");
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

TEST_CASE("a mail for several: after a failure half-way the repeat serves the rest, nobody twice", "[hosted]")
{
    operator_house h;
    const auto both = operator_house::envelope({"anne.roux@medecin.example", "late@medecin.example"});
    CHECK(h.hosting.store(both, mail, {}) == store_verdict::temporary_failure);
    CHECK(h.hosting.store(both, mail, {}) == store_verdict::temporary_failure);
    CHECK(h.reports().size() == 1);
    h.add_account("late@medecin.example", true);
    CHECK(h.hosting.store(both, mail, {}) == store_verdict::stored);
    CHECK(h.reports().size() == 2);
    CHECK(h.hosting.store(both, mail, {}) == store_verdict::duplicate);
    const auto twice = operator_house::envelope({"anne.roux@medecin.example", "Anne.Roux@medecin.example"});
    CHECK(h.hosting.store(twice, mail + "x\r\n", {}) == store_verdict::stored);
    CHECK(h.reports().size() == 3);
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
