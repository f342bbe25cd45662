#include <catch2/catch.hpp>

#include <atomic>
#include <fstream>
#include <functional>
#include <future>
#include <thread>

#include <sys/stat.h>

#include <sqlite3.h>
#include <boost/system/system_error.hpp>

#include "store_fixture.hpp"

using namespace store_test;

namespace {
// Behind the store's back, as someone with the file would.
void tamper(const std::string& path, const std::string& sql)
{
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
    char* message = nullptr;
    const int code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
    CAPTURE(sql, message == nullptr ? "" : message);
    CHECK(code == SQLITE_OK);
    sqlite3_free(message);
    sqlite3_close(database);
}
constexpr auto unguard = "DROP TRIGGER event_is_never_changed; DROP TRIGGER event_is_never_removed;";
}

TEST_CASE("rows come back as they were saved, also after reopening", "[store]")
{
    opened_store s;
    const auto stay = a_stay();
    auto letter = a_letter();
    letter.stay = stay.id;
    letter.operation = letter_operation::replace;
    letter.parent_key = "parent";
    letter.completeness = "C01=satisfied";
    auto delivery = a_delivery(delivery_state::queued, 5000);
    delivery.letter = letter.id;
    delivery.role = recipient_role::treating_doctor;
    delivery.domain = "operateur.test";
    delivery.set_key = letter.set_key;
    delivery.version = 2;
    delivery.turn = 4;
    delivery.why = cause::peer_down;
    delivery.attempts = 4;
    delivery.accepted_at = at(7000);
    delivery.message_id = "m1@relais.test";
    delivery.envid = "envid1";
    delivery.mail = blob_id::make();
    delivery.sealed_sha256 = "ff";
    delivery.lease = 9;
    const auto object = s.vault.seal("contenu");
    REQUIRE(s.store
                ->write([&](ports::transaction& tx) {
                    tx.save_stay(stay);
                    tx.save_letter(letter);
                    tx.save_delivery(delivery);
                    tx.add_blob(object);
                    tx.append(an_event(stay.id));
                    tx.add_refusal({object.id, at(1), "hl7", "AE 203", "PID-3", "à corriger", "n", "k"});
                    ack_row ack;
                    ack.file_name = "nom";
                    ack.content = "contenu";
                    tx.add_ack(ack);
                    tx.add_answer("key", {letter.id, "MSA|AA"});
                    CHECK(tx.letter(letter.id).has_value());  // a transaction sees its own writes
                })
                .has_value());
    for (int turn = 0; turn < 2; ++turn) {
        const auto back = s.ask([&](ports::reader& r) { return r.delivery(delivery.id); });
        REQUIRE(back.has_value());
        CHECK(back->letter == letter.id);
        CHECK(back->role == recipient_role::treating_doctor);
        CHECK(back->recipient == delivery.recipient);
        CHECK(back->why == cause::peer_down);
        CHECK(back->attempts == 4);
        CHECK(back->accepted_at == at(7000));
        CHECK_FALSE(back->confirmed_at.has_value());
        CHECK(back->mail == delivery.mail);
        CHECK(back->lease == 9);
        CHECK(back->turn == 4);
        const auto stay_back = s.ask([&](ports::reader& r) { return r.stay(stay.id); });
        REQUIRE(stay_back.has_value());
        CHECK(stay_back->details == stay.details);
        CHECK(stay_back->discharge == at(1000));
        CHECK(stay_back->quality == discharge_quality::movement);
        const auto letter_back = s.ask([&](ports::reader& r) { return r.letter_by_document(letter.document_key); });
        REQUIRE(letter_back.has_value());
        CHECK(letter_back->details == letter.details);
        CHECK(letter_back->signed_at == at(1999));
        CHECK(letter_back->form == submission_form::cda);
        CHECK(letter_back->operation == letter_operation::replace);
        CHECK(letter_back->parent_key == "parent");
        CHECK(letter_back->completeness == "C01=satisfied");
        CHECK(s.ask([&](ports::reader& r) { return r.letters_of_stay(stay.id); }).size() == 1);
        CHECK(s.ask([&](ports::reader& r) { return r.letters_of_set(letter.set_key); }).size() == 1);
        CHECK(s.ask([&](ports::reader& r) { return r.letters_received(at(2000), at(2001)); }).size() == 1);
        CHECK(s.ask([&](ports::reader& r) { return r.letters_received(at(2001), at(9000)); }).empty());
        CHECK(s.ask([&](ports::reader& r) { return r.stays_discharged(at(1000), at(1001)); }).size() == 1);
        CHECK(s.ask([&](ports::reader& r) { return r.stays_discharged(at(0), at(1000)); }).empty());
        CHECK(s.ask([&](ports::reader& r) { return r.delivery_by_envid("envid1"); })->id == delivery.id);
        CHECK(s.ask([&](ports::reader& r) { return r.delivery_by_message_id("m1@relais.test"); })->id == delivery.id);
        CHECK_FALSE(s.ask([&](ports::reader& r) { return r.delivery_by_envid(""); }).has_value());
        CHECK(s.ask([&](ports::reader& r) { return r.deliveries_of_letter(letter.id); }).size() == 1);
        CHECK(s.ask([&](ports::reader& r) { return r.deliveries_in(delivery_state::queued, 10); }).size() == 1);
        const auto blob = s.ask([&](ports::reader& r) { return r.blob(object.id); });
        REQUIRE(blob.has_value());
        CHECK(*s.vault.open(*blob) == "contenu");
        const auto events = s.ask([&](ports::reader& r) { return r.events_of(stay.id); });
        REQUIRE(events.size() == 1);
        CHECK(events[0].facts.peer_text == "words");
        CHECK(events[0].sequence == 1);
        CHECK(s.ask([&](ports::reader& r) { return r.refusals(5); }).at(0).code == "AE 203");
        CHECK(s.ask([&](ports::reader& r) { return r.acks_in(ack_state::waiting, 5); }).at(0).content == "contenu");
        CHECK(s.ask([&](ports::reader& r) { return r.answered("key"); })->answer == "MSA|AA");
        CHECK_FALSE(s.ask([&](ports::reader& r) { return r.answered("other"); }).has_value());
        s.reopen();
    }
    struct stat info {};
    for (const char* suffix : {"", "-wal", "-shm"}) {
        CAPTURE(suffix);
        REQUIRE(::stat((s.options.path + suffix).c_str(), &info) == 0);
        CHECK((info.st_mode & 0777U) == 0600U);
    }
}

TEST_CASE("saving again updates, and counters follow", "[store]")
{
    opened_store s;
    auto delivery = a_delivery(delivery_state::queued, 5000);
    const auto save = [&] { return s.store->write([&](ports::transaction& tx) { tx.save_delivery(delivery); }); };
    REQUIRE(save().has_value());
    auto counts = s.ask([](ports::reader& r) { return r.counts(); });
    CHECK(counts.deliveries[delivery_state::queued] == 1);
    CHECK(counts.oldest_open == at(5000));
    delivery.state = delivery_state::accepted;
    delivery.why = delivery.first_trouble = cause::peer_down;
    delivery.attempts = 3;
    delivery.next_try = at(5001);
    delivery.accepted_at = at(5002);
    delivery.confirmed_at = at(5003);
    delivery.mail = blob_id::make();
    delivery.sealed_sha256 = "ee";
    delivery.lease = 7;
    delivery.deadline = at(5004);
    delivery.last_deadline = at(5005);
    delivery.warned_at = at(5006);
    delivery.octets = 8;
    REQUIRE(save().has_value());
    REQUIRE(save().has_value());
    const auto saved = s.ask([&](ports::reader& r) { return r.delivery(delivery.id); });
    CHECK(saved->why == cause::peer_down);
    CHECK(saved->first_trouble == cause::peer_down);
    CHECK(saved->attempts == 3);
    CHECK(saved->next_try == at(5001));
    CHECK(saved->accepted_at == at(5002));
    CHECK(saved->confirmed_at == at(5003));
    CHECK(saved->mail == delivery.mail);
    CHECK(saved->sealed_sha256 == "ee");
    CHECK(saved->lease == 7);
    CHECK(saved->deadline == at(5004));
    CHECK(saved->last_deadline == at(5005));
    CHECK(saved->warned_at == at(5006));
    CHECK(saved->octets == 8);
    counts = s.ask([](ports::reader& r) { return r.counts(); });
    CHECK(counts.deliveries[delivery_state::queued] == 0);
    CHECK(counts.deliveries[delivery_state::accepted] == 1);
    CHECK_FALSE(counts.oldest_open.has_value());
    REQUIRE(s.store->write([&](ports::transaction& tx) { tx.save_stay(a_stay()); }).has_value());
    REQUIRE(s.store->write([&](ports::transaction& tx) { tx.save_letter(a_letter()); }).has_value());
    counts = s.ask([](ports::reader& r) { return r.counts(); });
    CHECK(counts.stays == 1);
    CHECK(counts.letters == 1);
}

TEST_CASE("a stay is written when any one of its columns changes, and not when none does", "[store]")
{
    opened_store s;
    stay_row stay = a_stay();
    stay.discharge = std::nullopt;
    const auto is_saved = [&] {
        return s.store->write([&](ports::transaction& tx) { tx.save_stay(stay); }).has_value();
    };
    REQUIRE(is_saved());
    tamper(s.options.path, "CREATE TRIGGER told BEFORE UPDATE ON stay BEGIN SELECT RAISE(ABORT, 'written'); END");
    CHECK(is_saved());
    const std::vector<std::function<void()>> changes{[&] { stay.visit_key += "x"; },
                                                     [&] { stay.file_key += "x"; },
                                                     [&] { stay.establishment += "x"; },
                                                     [&] { stay.service += "x"; },
                                                     [&] { stay.treating_rpps += "x"; },
                                                     [&] { stay.admission = at(11); },
                                                     [&] { stay.admission = std::nullopt; },
                                                     [&] { stay.discharge = at(12); },
                                                     [&] { stay.discharge = std::nullopt; },
                                                     [&] { stay.quality = discharge_quality::date_only; },
                                                     [&] { stay.flags += "x"; },
                                                     [&] { stay.exclusion += "x"; },
                                                     [&] { stay.created_at = at(13); },
                                                     [&] { stay.details += "x"; },
                                                     [&] { stay.patient_class += "x"; },
                                                     [&] { stay.identity_key += "x"; },
                                                     [&] { stay.traits_key += "x"; },
                                                     [&] { stay.in_feed = !stay.in_feed; }};
    for (std::size_t i = 0; i < changes.size(); ++i) {
        CAPTURE(i);
        changes[i]();
        CHECK_FALSE(is_saved());
        tamper(s.options.path, "DROP TRIGGER told");
        CHECK(is_saved());
        tamper(s.options.path, "CREATE TRIGGER told BEFORE UPDATE ON stay BEGIN SELECT RAISE(ABORT, 'written'); END");
        CHECK(is_saved());  // so the change has reached the row
    }
}

TEST_CASE("counters of deliveries: an undone unit does not count, what waits counts its octets", "[store][group]")
{
    opened_store s;
    std::promise<void> gate;
    s.store->write([&](ports::transaction&) { gate.get_future().wait(); }, [](result<void>) {});
    std::vector<delivery_row> rows;
    for (int index = 0; index < 4; ++index) {
        rows.push_back(a_delivery(delivery_state::queued, 5000));
        rows.back().octets = 1000;
    }
    std::promise<void> finished;
    // One group; its first unit is undone with the transaction, a later one alone.
    for (std::size_t index = 0; index < 4; ++index)
        s.store->write(
            [&, index](ports::transaction& tx) {
                tx.save_delivery(rows[index]);
                if (index % 2 == 0) throw std::runtime_error("no");
                rows[index].state = delivery_state::sending;
                tx.save_delivery(rows[index]);
            },
            [&, index](result<void>) {
                if (index == 3) finished.set_value();
            });
    gate.set_value();
    finished.get_future().wait();
    auto counts = s.ask([](ports::reader& r) { return r.counts(); });
    CHECK(counts.deliveries[delivery_state::queued] == 0);
    CHECK(counts.deliveries[delivery_state::sending] == 2);
    CHECK(counts.queue_octets == 2000);
    rows[1].state = delivery_state::accepted;
    rows[1].message_id = "m1@relais.test";  // not only the state
    REQUIRE(s.store->write([&](ports::transaction& tx) { tx.save_delivery(rows[1]); }).has_value());
    s.reopen();
    counts = s.ask([](ports::reader& r) { return r.counts(); });
    CHECK(counts.deliveries[delivery_state::sending] == 1);
    CHECK(counts.deliveries[delivery_state::accepted] == 1);
    CHECK(counts.queue_octets == 1000);
    CHECK(s.ask([](ports::reader& r) { return r.delivery_by_message_id("m1@relais.test"); })->state ==
          delivery_state::accepted);
}

TEST_CASE("a stay is found by its visit, else by its file", "[store]")
{
    opened_store s;
    auto by_both = a_stay();
    auto file_only = a_stay();
    file_only.visit_key.clear();
    REQUIRE(s.store
                ->write([&](ports::transaction& tx) {
                    tx.save_stay(by_both);
                    tx.save_stay(file_only);
                })
                .has_value());
    const auto find = [&](std::string visit, std::string file) {
        const auto found = s.ask([&](ports::reader& r) { return r.stay_by_key(visit, file); });
        return found ? found->id.text() : std::string();
    };
    CHECK(find(by_both.visit_key, "") == by_both.id.text());
    CHECK(find("", by_both.file_key) == by_both.id.text());
    CHECK(find("other visit", by_both.file_key).empty());  // another visit of the same file is another stay
    CHECK(find("new visit", file_only.file_key) == file_only.id.text());
    CHECK(find("", "").empty());
}

TEST_CASE("a unit that throws is undone alone, and callbacks come in order", "[store][group]")
{
    opened_store s;
    std::promise<void> gate;
    std::vector<int> order;
    std::vector<error_code> errors(4);
    std::promise<void> finished;
    // The first unit holds the writer, so that the other three are one group.
    s.store->write([&](ports::transaction&) { gate.get_future().wait(); }, [](result<void>) {});
    std::vector<stay_row> stays{a_stay(), a_stay(), a_stay(), a_stay()};
    for (std::size_t index = 0; index < 4; ++index)
        s.store->write(
            [&, index](ports::transaction& tx) {
                tx.save_stay(stays[index]);
                tx.append(an_event(stays[index].id));
                if (index == 1) throw std::runtime_error("no");
                if (index == 2) throw boost::system::system_error(make_error_code(store_errc::conflict));
            },
            [&, index](result<void> outcome) {
                order.push_back(static_cast<int>(index));
                if (!outcome) errors[index] = outcome.error();
                if (index == 3) finished.set_value();
            });
    gate.set_value();
    finished.get_future().wait();
    CHECK(order == std::vector<int>{0, 1, 2, 3});
    CHECK_FALSE(errors[0].failed());
    CHECK(errors[1] == store_errc::failed);
    CHECK(errors[2] == store_errc::conflict);
    CHECK_FALSE(errors[3].failed());
    for (std::size_t index = 0; index < 4; ++index) {
        const bool kept = index == 0 || index == 3;
        CHECK(s.ask([&](ports::reader& r) { return r.stay(stays[index].id); }).has_value() == kept);
        CHECK(s.ask([&](ports::reader& r) { return r.events_of(stays[index].id); }).size() == (kept ? 1U : 0U));
    }
    // The undone events left no hole in the chain.
    CHECK(s.store->ledger_end()->sequence == 2);
    CHECK_FALSE(s.store->verify_ledger()->has_value());
}

TEST_CASE("eight threads write and read at once", "[store][group]")
{
    opened_store s;
    constexpr int threads = 8, each = 40;
    std::atomic<int> failures{0};
    std::vector<std::thread> crowd;
    for (int thread = 0; thread < threads; ++thread)
        crowd.emplace_back([&] {
            for (int turn = 0; turn < each; ++turn) {
                const auto stay = a_stay();
                const auto written = s.store->write([&](ports::transaction& tx) {
                    tx.save_stay(stay);
                    tx.append(an_event(stay.id));
                });
                bool seen = false;
                const auto read = s.store->read([&](ports::reader& r) { seen = r.stay(stay.id).has_value(); });
                if (!written || !read || !seen) ++failures;
            }
        });
    for (auto& thread : crowd) thread.join();
    CHECK(failures == 0);
    CHECK(s.ask([](ports::reader& r) { return r.counts(); }).stays == threads * each);
    CHECK(s.store->ledger_end()->sequence == threads * each);
    CHECK_FALSE(s.store->verify_ledger()->has_value());
}

TEST_CASE("waiting for a write inside a write is an error, not a deadlock", "[store][group]")
{
    opened_store s;
    const auto outer = s.store->write([&](ports::transaction&) { (void)s.store->write([](ports::transaction&) {}); });
    CHECK(outer.error() == store_errc::failed);
    CHECK(s.store->write([](ports::transaction&) {}).has_value());
}

TEST_CASE("a read is one snapshot", "[store]")
{
    opened_store s;
    const auto stay = a_stay();
    bool before = true, after = true;
    REQUIRE(s.store
                ->read([&](ports::reader& r) {
                    before = r.stay(stay.id).has_value();
                    CHECK(s.store->write([&](ports::transaction& tx) { tx.save_stay(stay); }).has_value());
                    after = r.stay(stay.id).has_value();
                })
                .has_value());
    CHECK_FALSE(before);
    CHECK_FALSE(after);
    CHECK(s.ask([&](ports::reader& r) { return r.stay(stay.id); }).has_value());
}

TEST_CASE("the ledger shows every change made behind its back", "[store][ledger]")
{
    opened_store s;
    const auto stay = a_stay();
    for (int turn = 1; turn <= 5; ++turn)
        REQUIRE(s.store->write([&](ports::transaction& tx) { tx.append(an_event(stay.id, turn)); }).has_value());
    CHECK_FALSE(s.store->verify_ledger()->has_value());
    const auto before = *s.store->ledger_end();
    CHECK(before.sequence == 5);
    CHECK(before.hash.size() == 64);

    struct row {
        const char* sql;
        std::int64_t broken;
    };
    const auto tc = GENERATE(values<row>({
        {"UPDATE event SET payload = payload || 'x' WHERE sequence = 3", 3},
        {"UPDATE event SET at = at + 1 WHERE sequence = 1", 1},
        {"UPDATE event SET kind = 'stay_excluded' WHERE sequence = 2", 2},
        {"UPDATE event SET stay = NULL, letter = stay WHERE sequence = 4", 4},
        {"UPDATE event SET hash = zeroblob(32) WHERE sequence = 5", 5},
        {"DELETE FROM event WHERE sequence = 2", 2},
        {"DELETE FROM event WHERE sequence >= 4", 4},
        {"DELETE FROM event", 1},
        {"UPDATE ledger_head SET sequence = 3", 4},
        {"UPDATE ledger_head SET hash = zeroblob(32)", 5},
        {"INSERT INTO event SELECT 6, at, kind, stay, letter, delivery, payload, hash, key FROM event WHERE sequence = "
         "5",
         6},
    }));
    CAPTURE(tc.sql);
    tamper(s.options.path, unguard);
    tamper(s.options.path, tc.sql);
    const auto verified = s.store->verify_ledger();
    REQUIRE(verified.has_value());
    REQUIRE(verified->has_value());
    CHECK(**verified == tc.broken);
}

TEST_CASE("the schema itself refuses to change the ledger", "[store][ledger]")
{
    opened_store s;
    REQUIRE(s.store->write([&](ports::transaction& tx) { tx.append(an_event(stay_id::make())); }).has_value());
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(s.options.path.c_str(), &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, "UPDATE event SET at = 0", nullptr, nullptr, nullptr) == SQLITE_CONSTRAINT);
    CHECK(sqlite3_exec(database, "DELETE FROM event", nullptr, nullptr, nullptr) == SQLITE_CONSTRAINT);
    sqlite3_close(database);
}

TEST_CASE("an event is about one thing", "[store][ledger]")
{
    opened_store s;
    auto none = an_event(stay_id());
    auto both = an_event(stay_id::make());
    both.letter = letter_id::make();
    CHECK(s.store->write([&](ports::transaction& tx) { tx.append(none); }).error() == store_errc::failed);
    CHECK(s.store->write([&](ports::transaction& tx) { tx.append(both); }).error() == store_errc::failed);
}

TEST_CASE("a full disk is said and nothing half-written stays", "[store][full]")
{
    opened_store s;
    SECTION("the file may not grow")
    {
        s.options.max_octets = 1 << 20;
        s.reopen();
        const auto big = s.vault.seal(std::string(2 << 20, 'x'));
        const auto stay = a_stay();
        const auto outcome = s.store->write([&](ports::transaction& tx) {
            tx.save_stay(stay);
            tx.add_blob(big);
        });
        CHECK(outcome.error() == store_errc::disk_full);
        CHECK_FALSE(s.ask([&](ports::reader& r) { return r.stay(stay.id); }).has_value());
        CHECK(s.store->write([&](ports::transaction& tx) { tx.save_stay(stay); }).has_value());
    }
    SECTION("below the reserve no blob comes in, but outcomes are recorded")
    {
        s.options.reserve_octets = ~std::uint64_t{0};
        s.reopen();
        const auto stay = a_stay();
        CHECK(s.store->write([&](ports::transaction& tx) { tx.add_blob(s.vault.seal("x")); }).error() ==
              store_errc::disk_full);
        CHECK(s.store->write([&](ports::transaction& tx) { tx.append(an_event(stay.id)); }).has_value());
    }
}

TEST_CASE("constraints are errors of the unit", "[store]")
{
    opened_store s;
    auto letter = a_letter();
    letter.stay = stay_id::make();  // not there
    CHECK(s.store->write([&](ports::transaction& tx) { tx.save_letter(letter); }).error() == store_errc::conflict);
    const auto object = s.vault.seal("x");
    REQUIRE(s.store->write([&](ports::transaction& tx) { tx.add_blob(object); }).has_value());
    CHECK(s.store->write([&](ports::transaction& tx) { tx.add_blob(object); }).error() == store_errc::conflict);
    REQUIRE(s.store->write([&](ports::transaction& tx) { tx.remove_blob(object.id); }).has_value());
    CHECK_FALSE(s.ask([&](ports::reader& r) { return r.blob(object.id); }).has_value());
}

TEST_CASE("too many waiting units are refused at once", "[store][group]")
{
    opened_store s;
    s.options.max_waiting = 2;
    s.reopen();
    std::promise<void> gate, running;
    s.store->write(
        [&](ports::transaction&) {
            running.set_value();
            gate.get_future().wait();
        },
        [](result<void>) {});
    running.get_future().wait();
    std::vector<error_code> errors;
    std::atomic<int> done{0};
    for (int index = 0; index < 2; ++index)
        s.store->write([](ports::transaction&) {}, [&](result<void> outcome) { done += outcome.has_value() ? 1 : 0; });
    s.store->write([](ports::transaction&) {}, [&](result<void> outcome) { errors.push_back(outcome.error()); });
    REQUIRE(errors.size() == 1);
    CHECK(errors[0] == store_errc::busy);
    gate.set_value();
    s.store.reset();  // finishes what is queued
    CHECK(done == 2);
}

TEST_CASE("a document is found by any letter that brought it, a removal apart", "[store]")
{
    opened_store s;
    auto brought = a_letter();
    letter_document_row beside;
    beside.letter = brought.id;
    beside.document_key = "second";
    beside.parent_key = "older second";
    beside.type_code = "34112-3";
    beside.content_sha256 = "def";
    beside.document = blob_id::make();
    beside.completeness = "1 9/11";
    auto removal = a_letter();
    removal.document_key = brought.document_key;
    removal.operation = letter_operation::remove;
    removal.received_at = at(9000);
    auto newer = a_letter();
    newer.operation = letter_operation::replace;
    newer.parent_key = brought.document_key;
    REQUIRE(s.store
                ->write([&](ports::transaction& tx) {
                    for (const auto& letter : {brought, removal, newer}) tx.save_letter(letter);
                    tx.save_letter_document(beside);
                    tx.save_letter_document(beside);  // again changes nothing
                })
                .has_value());
    const auto by_document = [&](std::string_view key) {
        return s.ask([&](ports::reader& r) { return r.letter_by_document(key); });
    };
    REQUIRE(by_document(brought.document_key).has_value());
    CHECK(by_document(brought.document_key)->id == brought.id);
    REQUIRE(by_document("second").has_value());
    CHECK(by_document("second")->id == brought.id);
    CHECK_FALSE(by_document("older second").has_value());
    const auto removing = s.ask([&](ports::reader& r) { return r.removal_of_document(brought.document_key); });
    REQUIRE(removing.has_value());
    CHECK(removing->id == removal.id);
    CHECK_FALSE(s.ask([&](ports::reader& r) { return r.removal_of_document(newer.document_key); }).has_value());
    const auto replacing = s.ask([&](ports::reader& r) { return r.letters_replacing(brought.document_key); });
    REQUIRE(replacing.size() == 1);
    CHECK(replacing[0].id == newer.id);
    CHECK(s.ask([&](ports::reader& r) { return r.letters_replacing(""); }).empty());
    const auto documents = s.ask([&](ports::reader& r) { return r.further_documents(brought.id); });
    REQUIRE(documents.size() == 1);
    CHECK(documents[0].place == 2);
    CHECK(documents[0].parent_key == "older second");
    CHECK(documents[0].type_code == "34112-3");
    CHECK(documents[0].content_sha256 == "def");
    CHECK(documents[0].document == beside.document);
    CHECK(documents[0].completeness == "1 9/11");
    CHECK(s.ask([&](ports::reader& r) { return r.further_documents(newer.id); }).empty());
}

TEST_CASE("a store of the first schema comes forward: deliveries keep their order", "[store]")
{
    const folder place;
    plain_vault vault;
    relay::store::store_options options;
    options.path = place.file("liaison.db");
    options.reserve_octets = 0;
    std::ifstream sql(TESTS_DATA "/../../conf/migrations/0001_first.sql");
    const std::string first_schema{std::istreambuf_iterator<char>(sql), {}};
    REQUIRE_FALSE(first_schema.empty());
    tamper(options.path, first_schema + R"(
INSERT INTO letter VALUES ('L1', NULL, 'cda', 'd', 's', 3, '11490-0', 'x', NULL, '', '', '', '', '', 1, NULL, x'');
INSERT INTO delivery VALUES ('D1', 'letter', 'L1', 'professional', 'r', x'', '', 's', 3, 'queued', 'NONE', 0, 1, 1,
    NULL, NULL, '', '', NULL, '', 0);
PRAGMA user_version = 1)");
    REQUIRE(::chmod(options.path.c_str(), 0600) == 0);
    auto opened = relay::store::open_store(options, vault);
    REQUIRE(opened.has_value());
    REQUIRE((*opened)
                ->read([](ports::reader& r) {
                    CHECK(r.delivery(delivery_id("D1"))->turn == 6);
                    CHECK(r.letter(letter_id("L1"))->operation == letter_operation::initial);
                    CHECK(r.counts().deliveries.at(delivery_state::queued) == 1);
                })
                .has_value());
}

TEST_CASE("opening: modes, other files, other versions, read-only", "[store]")
{
    opened_store s;
    const auto stay = a_stay();
    REQUIRE(s.store->write([&](ports::transaction& tx) { tx.save_stay(stay); }).has_value());

    auto beside = relay::store::open_store_read_only(s.options, s.vault);
    REQUIRE(beside.has_value());
    bool seen = false;
    REQUIRE((*beside)->read([&](ports::reader& r) { seen = r.stay(stay.id).has_value(); }).has_value());
    CHECK(seen);
    CHECK((*beside)->write([](ports::transaction&) {}).error() == store_errc::read_only);
    beside->reset();

    CHECK(relay::store::plan_migration(s.options.path)->from == s.store->schema_version());
    CHECK(relay::store::plan_migration(s.place.file("none.db"))->from == 0);
    s.store.reset();
    REQUIRE(relay::store::open_store_read_only(s.options, s.vault).has_value());  // also without a server

    REQUIRE(::chmod(s.options.path.c_str(), 0640) == 0);
    CHECK(relay::store::open_store(s.options, s.vault).error() == store_errc::exposed);
    REQUIRE(::chmod(s.options.path.c_str(), 0600) == 0);
    tamper(s.options.path, "PRAGMA user_version = 9999");
    CHECK(relay::store::open_store(s.options, s.vault).error() == store_errc::newer_schema);

    auto other = s.options;
    other.path = s.place.file("text.db");
    std::ofstream(other.path) << std::string(5000, 'n');
    REQUIRE(::chmod(other.path.c_str(), 0600) == 0);
    CHECK(relay::store::open_store(other, s.vault).error() == store_errc::damaged);
    other.path = s.place.file("no/such/folder.db");
    CHECK(relay::store::open_store(other, s.vault).error() == store_errc::unreadable);
}

TEST_CASE("one instance per store", "[store]")
{
    const folder place;
    auto first = relay::store::single_instance_lock(place.file("lock"));
    REQUIRE(first.has_value());
    CHECK(relay::store::single_instance_lock(place.file("lock")).error() == store_errc::already_running);
    {
        const auto moved = std::move(*first);
        CHECK(relay::store::single_instance_lock(place.file("lock")).error() == store_errc::already_running);
    }
    CHECK(relay::store::single_instance_lock(place.file("lock")).has_value());
}
