#include <catch2/catch.hpp>

#include <sqlite3.h>

#include "store_fixture.hpp"

using namespace store_test;
using ports::flag_operation;
using ports::mailbox_access;
using ports::mailbox_errc;
using ports::message_flag;

namespace {
struct hosted : opened_store {
    base::system_wall_clock clock;
    std::unique_ptr<ports::mailbox_accounts> accounts;
    std::vector<std::string> verified;

    hosted()
    {
        REQUIRE(store
                    ->write([](ports::transaction& tx) {
                        tx.save_account({"dr.test", "Dr.Test@mss.test", "secret", true});
                    })
                    .has_value());
        accounts =
            relay::store::open_mailboxes(*store, clock, [this](std::string_view hash, std::string_view password) {
                verified.emplace_back(hash);
                return !hash.empty() && hash == password;
            });
    }

    ports::new_message message(const std::string& id, const std::string& text = "texte")
    {
        ports::new_message mail;
        mail.address = "dr.test@mss.test";
        mail.message_id = id;
        mail.received_sha256 = "sha of " + text;
        mail.content = vault.seal(text);
        mail.rfc822_size = text.size();
        mail.envelope = "(envelope of " + id + ")";
        mail.body = "(body)";
        mail.body_structure = "(structure)";
        mail.sections = "1 0 5";
        mail.received_at = at(1000);
        return mail;
    }

    ports::stored_as deliver(const ports::new_message& mail)
    {
        auto stored = ports::stored_as::duplicate;
        REQUIRE(store->write([&](ports::transaction& tx) { stored = tx.add_message(mail); }).has_value());
        return stored;
    }

    std::unique_ptr<ports::open_mailbox> inbox(mailbox_access access = mailbox_access::read_write)
    {
        auto account = accounts->authenticate("dr.test", "secret");
        REQUIRE(account.has_value());
        auto opened = (*account)->open("inbox", access);
        REQUIRE(opened.has_value());
        return std::move(*opened);
    }
};

ports::flag_set flags(message_flag flag)
{
    ports::flag_set set;
    set.add(flag);
    return set;
}
}

TEST_CASE("accounts: right, wrong, unknown, switched off", "[store][mailbox]")
{
    hosted h;
    CHECK(h.accounts->authenticate("DR.TEST", "secret").has_value());
    CHECK(h.accounts->authenticate("dr.test", "wrong").error() == mailbox_errc::credentials_refused);
    h.verified.clear();
    CHECK(h.accounts->authenticate("nobody", "secret").error() == mailbox_errc::credentials_refused);
    CHECK(h.verified == std::vector<std::string>{""});  // the time of a hash is spent on an unknown user too
    CHECK(h.ask([](ports::reader& r) { return r.account_by_address("dr.test@MSS.test"); })->user == "dr.test");
    CHECK(h.ask([](ports::reader& r) { return r.account_by_user("dr.test"); })->password_hash == "secret");
    CHECK(h.ask([](ports::reader& r) { return r.accounts(); }).size() == 1);
    REQUIRE(
        h.store->write([](ports::transaction& tx) {
                   tx.save_account({"dr.test", "Dr.Test@mss.test", "secret", false});
               })
            .has_value());
    CHECK(h.accounts->authenticate("dr.test", "secret").error() == mailbox_errc::credentials_refused);
    CHECK(h.ask([](ports::reader& r) { return r.accounts(); }).size() == 1);
    CHECK(h.store->write([](ports::transaction& tx) {
                     tx.save_account({"other", "dr.test@mss.test", "x", true});
                 })
              .error() == store_errc::conflict);
}

TEST_CASE("UIDs and mod-sequences only grow, also over a restart", "[store][mailbox]")
{
    hosted h;
    CHECK(h.deliver(h.message("m1")) == ports::stored_as::new_message);
    CHECK(h.deliver(h.message("m2")) == ports::stored_as::new_message);
    auto snapshot = *h.inbox()->snapshot();
    REQUIRE(snapshot.messages.size() == 2);
    CHECK(snapshot.messages[0].uid == 1);
    CHECK(snapshot.messages[1].uid == 2);
    CHECK(snapshot.messages[0].modseq < snapshot.messages[1].modseq);
    CHECK(snapshot.messages[0].internal_date == at(1000));
    CHECK(snapshot.messages[0].size_octets == 5);
    CHECK(snapshot.status.uid_next == 3);
    CHECK(snapshot.status.messages == 2);
    CHECK(snapshot.status.unseen == 2);
    CHECK(snapshot.status.highest_modseq == snapshot.messages[1].modseq);

    h.accounts.reset();
    h.reopen();
    h.accounts =
        relay::store::open_mailboxes(*h.store, h.clock, [](std::string_view a, std::string_view b) { return a == b; });
    CHECK(h.inbox()->snapshot()->status.uid_validity == snapshot.status.uid_validity);
    CHECK(h.deliver(h.message("m3")) == ports::stored_as::new_message);
    const auto after = *h.inbox()->refresh(snapshot.status.highest_modseq);
    REQUIRE(after.changed.size() == 1);
    CHECK(after.changed[0].uid == 3);
    CHECK(after.uid_next == 4);
}

TEST_CASE("a repeat is recognised, other bytes are not a repeat", "[store][mailbox]")
{
    hosted h;
    CHECK(h.deliver(h.message("m1")) == ports::stored_as::new_message);
    const auto repeat = h.message("m1");
    CHECK(h.deliver(repeat) == ports::stored_as::duplicate);
    CHECK_FALSE(h.ask([&](ports::reader& r) { return r.blob(repeat.content.id); }).has_value());
    CHECK(h.deliver(h.message("m1", "autre texte")) == ports::stored_as::new_message);
    CHECK(h.deliver(h.message("m2")) == ports::stored_as::new_message);
    CHECK(h.inbox()->snapshot()->messages.size() == 3);
    auto stranger = h.message("m3");
    stranger.address = "personne@mss.test";
    CHECK(h.store->write([&](ports::transaction& tx) { (void)tx.add_message(stranger); }).error() ==
          store_errc::mailbox_unknown);
    // A repeat after its first copy was expunged is still a repeat.
    auto inbox = h.inbox();
    const std::vector<std::uint32_t> first{1};
    REQUIRE(inbox->store_flags(first, flag_operation::add, flags(message_flag::deleted)).has_value());
    REQUIRE(inbox->expunge(first)->size() == 1);
    CHECK(h.deliver(h.message("m1")) == ports::stored_as::duplicate);
}

TEST_CASE("a delivery that is undone gives no UID", "[store][mailbox]")
{
    hosted h;
    const auto mail = h.message("m1");
    CHECK_FALSE(h.store
                    ->write([&](ports::transaction& tx) {
                        (void)tx.add_message(mail);
                        throw std::runtime_error("undone");
                    })
                    .has_value());
    CHECK(h.deliver(mail) == ports::stored_as::new_message);
    CHECK(h.inbox()->snapshot()->messages.at(0).uid == 1);
}

TEST_CASE("flags", "[store][mailbox]")
{
    hosted h;
    for (const char* id : {"m1", "m2", "m3"}) h.deliver(h.message(id));
    auto inbox = h.inbox();
    const auto before = inbox->snapshot()->status.highest_modseq;
    const std::vector<std::uint32_t> some{3, 1, 1, 77};
    auto rows = *inbox->store_flags(some, flag_operation::add, flags(message_flag::seen));
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].uid == 1);
    CHECK(rows[1].uid == 3);
    CHECK(rows[0].modseq > before);
    const auto changes = *inbox->refresh(before);
    CHECK(changes.changed.size() == 2);
    CHECK(changes.highest_modseq == rows[1].modseq);
    CHECK(inbox->snapshot()->status.unseen == 1);

    // No change, no new mod-sequence.
    const auto same = *inbox->store_flags(some, flag_operation::add, flags(message_flag::seen));
    CHECK(same.size() == 2);
    CHECK(same[0].modseq == rows[0].modseq);
    CHECK(inbox->refresh(changes.highest_modseq)->changed.empty());

    rows = *inbox->store_flags(some, flag_operation::replace, flags(message_flag::flagged));
    CHECK(rows[0].flags == flags(message_flag::flagged));
    rows = *inbox->store_flags(some, flag_operation::remove, flags(message_flag::flagged));
    CHECK(rows[0].flags.bits == 0);

    auto reading = h.inbox(mailbox_access::read_only);
    CHECK(reading->store_flags(some, flag_operation::add, flags(message_flag::seen)).error() ==
          mailbox_errc::mailbox_read_only);
    CHECK(reading->expunge(some).error() == mailbox_errc::mailbox_read_only);
}

TEST_CASE("expunge removes what is deleted, and its blob", "[store][mailbox]")
{
    hosted h;
    const auto mail = h.message("m1");
    h.deliver(mail);
    h.deliver(h.message("m2"));
    auto inbox = h.inbox();
    const auto before = inbox->snapshot()->status.highest_modseq;
    const std::vector<std::uint32_t> first{1}, all{2, 1};
    CHECK(inbox->expunge(all)->empty());
    REQUIRE(inbox->store_flags(first, flag_operation::add, flags(message_flag::deleted)).has_value());
    CHECK(*inbox->load_message(1) == "texte");
    CHECK(*inbox->expunge(all) == first);
    CHECK(inbox->load_message(1).error() == mailbox_errc::message_gone);
    CHECK_FALSE(h.ask([&](ports::reader& r) { return r.blob(mail.content.id); }).has_value());
    const auto changes = *inbox->refresh(before);
    CHECK(changes.expunged == first);
    CHECK(changes.changed.empty());
    CHECK(inbox->refresh(changes.highest_modseq)->expunged.empty());
    h.deliver(h.message("m4"));
    CHECK(inbox->snapshot()->messages.back().uid == 3);  // never a UID again
}

TEST_CASE("structures and messages, whole or damaged", "[store][mailbox]")
{
    hosted h;
    h.deliver(h.message("m1"));
    h.deliver(h.message("m2"));
    auto inbox = h.inbox();
    const std::vector<std::uint32_t> wanted{2, 9, 1};
    const auto structures = *inbox->load_structures(wanted);
    REQUIRE(structures.size() == 2);
    CHECK(structures[0].uid == 2);
    CHECK(structures[0].envelope == "(envelope of m2)");
    CHECK(structures[1].body == "(body)");
    CHECK(structures[1].body_structure == "(structure)");
    CHECK(structures[1].sections == "1 0 5");

    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(h.options.path.c_str(), &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, "UPDATE blob SET ciphertext = 'x'", nullptr, nullptr, nullptr) == SQLITE_OK);
    CHECK(inbox->load_message(1).error() == mailbox_errc::message_damaged);
    CHECK(sqlite3_exec(database, "DELETE FROM blob", nullptr, nullptr, nullptr) == SQLITE_OK);
    CHECK(inbox->load_message(1).error() == mailbox_errc::message_damaged);
    sqlite3_close(database);
}

TEST_CASE("names and status of an account", "[store][mailbox]")
{
    hosted h;
    h.deliver(h.message("m1"));
    auto account = *h.accounts->authenticate("dr.test", "secret");
    CHECK(*account->names() == std::vector<std::string>{"INBOX"});
    CHECK(account->status("INBOX")->messages == 1);
    CHECK(account->status("inBox")->uid_next == 2);
    CHECK(account->status("Sent").error() == mailbox_errc::mailbox_unknown);
    CHECK(account->open("Sent", mailbox_access::read_only).error() == mailbox_errc::mailbox_unknown);
}
