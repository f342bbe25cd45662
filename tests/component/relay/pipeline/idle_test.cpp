// Mailboxes that nobody uses, over the store: last use, the warning in the mailbox, closing, destruction.
#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

#include "relay/pipeline/account_logins.hpp"
#include "relay/pipeline/hosted_mail.hpp"
#include "relay/pipeline/idle_mailboxes.hpp"
#include "relay/pipeline/ports/worklist.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;
using ports::recipient_verdict;

namespace {
constexpr auto day = 24h;
const std::string anne = "anne.roux@medecin.example";
const std::string words = "Madame Exemple revient lundi";

struct idle_house : tests::house {
    std::unique_ptr<ports::mailbox_accounts> accounts;
    instant made{};

    idle_house()
    {
        store->write([](ports::transaction& tx) { tx.save_account({"anne.roux", anne, "juste", true}); }).value();
        made = use().life.last_use;  // of the machine's clock
        clock.set(made);
        login_again();
    }
    void login_again()
    {
        accounts = relay::store::open_mailboxes(
            *store, clock, [](std::string_view hash, std::string_view password) { return hash == password; });
    }
    void restart()
    {
        accounts.reset();
        open();
        login_again();
    }
    ports::mailbox_use use()
    {
        return ask([](ports::reader& r) { return r.work().mailbox_uses().use_of("anne.roux"); }).value();
    }
    mailbox_state state() { return state_of(use().life); }
    hosted_mail hosting()
    {
        return {with(),
                {{"medecin.example"}, "operateur.example", "", "mailer-daemon@medecin.example", tests::paris()},
                [] {}};
    }
    idle_counts run(const std::function<bool()>& going = [] { return true; })
    {
        return end_idle_mailboxes(with(), {{}, "operateur.example", "mailer-daemon@medecin.example", tests::paris()},
                                  going)
            .value();
    }
    idle_counts plan()
    {
        return ask([this](ports::reader& r) { return idle_plan(r, clock.now(), {}); });
    }
    void receive(const std::string& id)
    {
        const std::string mail = "From: <a@hopital.example>\r\nTo: <" + anne + ">\r\nSubject: x\r\nMessage-ID: <" + id +
                                 "@hopital.example>\r\n\r\n" + words + "\r\n";
        auto end = hosting();
        REQUIRE(end.deliver_here(anne, mail).value() == hosted_mail::served::newly);
    }
    bool login()
    {
        const bool is_in = accounts->authenticate("anne.roux", "juste").has_value();
        store->write([](ports::transaction&) {}).value();  // what it left to be written is behind us
        return is_in;
    }
    // Without a login: what the mailbox holds.
    std::optional<instant> youngest()
    {
        return ask([&](ports::reader& r) { return r.work().mailbox_uses().youngest_mail(use().account); });
    }
    std::vector<std::string> mails()
    {
        const auto inbox =
            accounts->authenticate("anne.roux", "juste").value()->open("INBOX", ports::mailbox_access::read_only);
        std::vector<std::string> all;
        for (const auto& row : inbox.value()->snapshot().value().messages)
            all.push_back(inbox.value()->load_message(row.uid).value());
        return all;
    }
    // What the ledger says of the store as a whole, of one kind.
    std::vector<event> told(event_kind kind)
    {
        auto all = ask([](ports::reader& r) { return r.retention().store_events(0, 100); });
        std::erase_if(all, [kind](const event& one) { return one.kind != kind; });
        return all;
    }
    bool is_told_once(event_kind kind, instant at)
    {
        const auto all = told(kind);
        return all.size() == 1 && all[0].at == at && all[0].facts.flags == "mailbox=" + std::to_string(use().account);
    }
    void warn_and_close()
    {
        clock.set(made + 335 * day);
        REQUIRE(run().warned == 1);
        clock.set(made + 365 * day);
        REQUIRE(run().closed == 1);
    }
};
}

TEST_CASE("a use is kept, once a day, by IMAP and by submission", "[idle]")
{
    idle_house h;
    CHECK(h.state() == mailbox_state::active);
    h.clock.set(h.made + day - 1ms);
    CHECK(h.login());
    CHECK(h.use().life.last_use == h.made);
    h.clock.set(h.made + day);
    CHECK_FALSE(h.accounts->authenticate("anne.roux", "faux").has_value());
    h.store->write([](ports::transaction&) {}).value();
    CHECK(h.use().life.last_use == h.made);
    CHECK(h.login());
    CHECK(h.use().life.last_use == h.made + day);

    account_logins logins(
        *h.store, h.clock, [](std::string_view hash, std::string_view password) { return hash == password; }, 1);
    h.clock.set(h.made + 3 * day);
    CHECK(logins.by_password("anne.roux", "juste").said == ports::login_answer::verdict::accepted);
    h.store->write([](ports::transaction&) {}).value();
    CHECK(h.use().life.last_use == h.made + 3 * day);
    h.clock.set(h.made + 5 * day);
    CHECK(logins.by_certificate(std::vector<std::string>{anne}, "").said == ports::login_answer::verdict::accepted);
    h.store->write([](ports::transaction&) {}).value();
    CHECK(h.use().life.last_use == h.made + 5 * day);
}

TEST_CASE("warned once in the mailbox; who comes back is kept, and warned again a year later", "[idle]")
{
    idle_house h;
    h.clock.set(h.made + 335 * day - 1ms);
    CHECK(h.run().warned == 0);
    h.clock.set(h.made + 335 * day);
    CHECK(h.plan().warned == 1);
    CHECK(h.state() == mailbox_state::active);  // a plan changes nothing
    CHECK(h.run().warned == 1);
    CHECK(h.run().warned == 0);
    CHECK(h.state() == mailbox_state::warned);

    const auto mails = h.mails();  // a login: he came back
    h.store->write([](ports::transaction&) {}).value();
    REQUIRE(mails.size() == 1);
    CHECK(mails[0].find("Auto-Submitted: auto-generated\r\n") != std::string::npos);
    CHECK(mails[0].find("From: Liaison <mailer-daemon@medecin.example>\r\n") != std::string::npos);
    CHECK(mails[0].starts_with("Return-Path: <>\r\n"));
    CHECK(h.state() == mailbox_state::active);
    h.clock.set(h.made + 365 * day);
    CHECK(h.run().closed == 0);
    h.clock.set(h.made + 670 * day);
    CHECK(h.run().warned == 1);
    CHECK(h.mails().size() == 2);
}

TEST_CASE("a mailbox whose warning cannot be written stays open, and holds no other up", "[idle]")
{
    idle_house h;
    h.store
        ->write([](ports::transaction& tx) {
            tx.save_account({"mal", "sans arobase", "juste", true});
            tx.save_account({"marc", "marc@medecin.example", "juste", true});
        })
        .value();
    h.clock.set(h.made + 335 * day + 1h);  // the machine's clock went on between them
    CHECK(h.run().warned == 2);
    CHECK(h.state() == mailbox_state::warned);
    const auto left = h.ask([](ports::reader& r) { return r.work().mailbox_uses().use_of("mal"); });
    CHECK(state_of(left.value().life) == mailbox_state::active);
}

TEST_CASE("closed at the term, also after a restart: no login, no mail, then nothing is left of its mails", "[idle]")
{
    idle_house h;
    h.receive("m1");
    h.clock.set(h.made + 335 * day);
    CHECK(h.run().warned == 1);
    h.restart();
    h.clock.set(h.made + 365 * day - 1ms);
    CHECK(h.run().closed == 0);
    h.clock.set(h.made + 365 * day);
    CHECK(h.plan().closed == 1);
    CHECK(h.run().closed == 1);
    CHECK(h.state() == mailbox_state::closed);
    CHECK_FALSE(h.login());
    auto end = h.hosting();
    CHECK(end.check_recipient(anne, {}) == recipient_verdict::mailbox_closed);
    CHECK(end.check_recipient("postmaster", {}) == recipient_verdict::accepted);

    h.restart();
    CHECK(h.youngest() == h.made + 335 * day);  // the warning itself
    CHECK(h.is_told_once(event_kind::mailbox_warned, h.made + 335 * day));
    CHECK(h.is_told_once(event_kind::mailbox_closed, h.made + 365 * day));
    CHECK(h.told(event_kind::content_purged).empty());
    CHECK(h.plan().emptied == 1);
    CHECK(h.run().mails == 2);
    CHECK_FALSE(h.youngest().has_value());
    const auto told = h.told(event_kind::content_purged);
    REQUIRE(told.size() == 1);
    CHECK(told[0].facts.flags.starts_with("mailbox=" + std::to_string(h.use().account) + " mails=2 octets="));
    CHECK(told[0].facts.evidence.size() == 64);
    CHECK(h.run().mails == 0);
    CHECK(h.told(event_kind::content_purged).size() == 1);
}

TEST_CASE("mail that came in the last weeks keeps what a closed mailbox holds until it is older", "[idle]")
{
    idle_house h;
    h.clock.set(h.made + 335 * day);
    CHECK(h.run().warned == 1);
    h.clock.set(h.made + 364 * day);
    h.receive("late");
    h.clock.set(h.made + 365 * day);
    CHECK(h.run().closed == 1);
    h.clock.set(h.made + 394 * day - 1ms);
    CHECK(h.run().mails == 0);
    h.clock.set(h.made + 394 * day);
    CHECK(h.run([] { return false; }).mails == 0);  // told to stop
    CHECK(h.run().mails == 2);
}

TEST_CASE("a clock that jumped, or a node that was off for years, only warns", "[idle]")
{
    idle_house h;
    h.receive("m1");
    const instant late = h.made + 3650 * day;
    h.clock.set(late);
    CHECK(h.run().warned == 1);
    CHECK(h.run().closed == 0);
    h.clock.set(late + 30 * day - 1ms);
    CHECK(h.run().closed == 0);
    h.clock.set(h.made + 1 * day);  // set right: nothing was lost, and the owner's login ends the warning
    CHECK(h.run().closed == 0);
    CHECK(h.login());
    CHECK(h.state() == mailbox_state::active);
    CHECK(h.mails().size() == 2);
}

TEST_CASE("a person opens a closed mailbox again, its year begins anew", "[idle]")
{
    idle_house h;
    CHECK(reopen_mailbox(*h.store, "anne.roux", h.made).value() == reopening::not_closed);
    CHECK(reopen_mailbox(*h.store, "personne", h.made).value() == reopening::unknown);
    h.receive("m1");
    h.warn_and_close();
    CHECK(reopen_mailbox(*h.store, "ANNE.ROUX", h.clock.now()).value() == reopening::done);
    CHECK(h.state() == mailbox_state::active);
    CHECK(h.is_told_once(event_kind::mailbox_reopened, h.clock.now()));
    CHECK(h.run().mails == 0);
    CHECK(h.login());
    CHECK(h.mails().size() == 2);
    h.receive("m2");
    CHECK(h.mails().size() == 3);
    h.clock.advance(334 * day);
    CHECK(h.run().warned == 0);

    h.clock.advance(1 * day);
    CHECK(h.run().warned == 1);
    h.clock.advance(30 * day);
    CHECK(h.run().closed == 1);
    CHECK(h.run().mails == 4);
    h.store->write([](ports::transaction& tx) { tx.save_account({"anne.roux", anne, "juste", true}); }).value();
    CHECK(h.state() == mailbox_state::active);  // given a new password
    h.clock.set(h.use().life.last_use);
    h.receive("m3");
    CHECK(h.mails().size() == 1);
}

TEST_CASE("many mails go in pages; each page tells the ledger", "[idle]")
{
    idle_house h;
    for (int n = 0; n < 100; ++n) h.receive("m" + std::to_string(n));
    h.warn_and_close();
    CHECK(h.run().mails == 101);
    const auto told = h.told(event_kind::content_purged);
    REQUIRE(told.size() == 2);
    CHECK(told[0].facts.flags.find(" mails=100 ") != std::string::npos);
    CHECK(told[1].facts.flags.find(" mails=1 ") != std::string::npos);
}
