// The queue by domain and deadline: order, holds, passed deadlines, and the price of it all with much that waits.
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdio>

#include <sqlite3.h>

#include "relay/store/queue_rows.hpp"
#include "tests/component/relay/store/store_fixture.hpp"

using namespace store_test;

namespace {
struct queue_store : opened_store {
    void save(const delivery_row& row)
    {
        REQUIRE(store->write([&](ports::transaction& tx) { tx.save_delivery(row); }).has_value());
    }
    std::vector<std::string> due(std::string_view domain, std::int64_t now, std::size_t limit = 10)
    {
        std::vector<std::string> ids;
        for (const auto& row : ask([&](ports::reader& r) { return r.due_deliveries(domain, at(now), limit); }))
            ids.push_back(row.id.text());
        return ids;
    }
    std::vector<std::string> lanes()
    {
        std::vector<std::string> domains;
        for (const auto& lane : ask([](ports::reader& r) { return r.lanes(); })) domains.push_back(lane.domain);
        return domains;
    }
};

delivery_row letter_to(const std::string& domain, std::int64_t deadline, delivery_state state = delivery_state::queued,
                       std::int64_t next_try = 0)
{
    delivery_row row = a_delivery(state, next_try);
    row.domain = domain;
    row.deadline = at(deadline);
    row.last_deadline = at(deadline + 1000);
    return row;
}
using ids = std::vector<std::string>;
}

TEST_CASE("due deliveries of a domain: the soonest deadline first, what was put off when its time has come",
          "[store][queue]")
{
    queue_store s;
    const auto late = letter_to("a.example", 9000);
    const auto soon = letter_to("a.example", 2000);
    const auto again = letter_to("a.example", 1000, delivery_state::deferred, 300);
    const auto lost = letter_to("a.example", 3000, delivery_state::uncertain, 200);
    const auto other = letter_to("b.example", 500);
    const auto busy = letter_to("a.example", 100, delivery_state::sending);
    const auto held = letter_to("a.example", 100, delivery_state::held);
    for (const auto& row : {late, soon, again, lost, other, busy, held}) s.save(row);
    CHECK(s.due("a.example", 199) == ids{soon.id.text(), late.id.text()});
    CHECK(s.due("a.example", 200) == ids{soon.id.text(), lost.id.text(), late.id.text()});
    CHECK(s.due("a.example", 300) == ids{again.id.text(), soon.id.text(), lost.id.text(), late.id.text()});
    CHECK(s.due("a.example", 300, 2) == ids{again.id.text(), soon.id.text()});
    CHECK(s.due("c.example", 300).empty());
    CHECK(s.lanes() == ids{"a.example", "b.example"});
    const auto lanes = s.ask([](ports::reader& r) { return r.lanes(); });
    CHECK(lanes[0].soonest == at(2000));
    CHECK(lanes[0].next_try == at(200));
    CHECK(lanes[1].soonest == at(500));
    CHECK_FALSE(lanes[1].next_try.has_value());
}

TEST_CASE("later versions wait behind earlier ones", "[store][queue]")
{
    queue_store s;
    auto first = letter_to("a.example", 900);
    auto second = letter_to("a.example", 100);
    auto elsewhere = letter_to("a.example", 200);
    first.set_key = second.set_key = elsewhere.set_key = "set";
    first.turn = 2;
    second.turn = elsewhere.turn = 3;  // a version, then its deletion
    elsewhere.recipient_key = "another";
    for (const auto& row : {first, second, elsewhere}) s.save(row);
    CHECK(s.due("a.example", 1) == ids{elsewhere.id.text(), first.id.text()});
    for (const auto blocking : {delivery_state::received, delivery_state::held, delivery_state::sending,
                                delivery_state::deferred, delivery_state::uncertain}) {
        first.state = blocking;
        first.next_try = at(10'000);
        s.save(first);
        CHECK(s.due("a.example", 1) == ids{elsewhere.id.text()});
    }
    for (const auto gone : {delivery_state::accepted, delivery_state::failed, delivery_state::superseded,
                            delivery_state::cancelled, delivery_state::undeliverable}) {
        first.state = gone;
        s.save(first);
        CHECK(s.due("a.example", 1) == ids{second.id.text(), elsewhere.id.text()});
    }
}

TEST_CASE("a domain on hold has no lane, also after a restart; resumed, what was put off is due", "[store][queue]")
{
    queue_store s;
    const auto row = letter_to("a.example", 900);
    const auto again = letter_to("a.example", 800, delivery_state::deferred, 5000);
    const auto other = letter_to("b.example", 900, delivery_state::deferred, 5000);
    for (const auto& one : {row, again, other}) s.save(one);
    const auto hold = [&](std::int64_t since, const char* actor) {
        REQUIRE(s.store->write([&](ports::transaction& tx) {
                           tx.hold_domain({"a.example", at(since), actor});
                       })
                    .has_value());
    };
    hold(10, "anne");
    hold(20, "paul");  // the first one stands
    s.reopen();
    CHECK(s.lanes() == ids{"b.example"});
    CHECK(s.ask([](ports::reader& r) { return r.is_on_hold("a.example"); }));
    const auto holds = s.ask([](ports::reader& r) { return r.domain_holds(); });
    REQUIRE(holds.size() == 1);
    CHECK(holds[0].actor == "anne");
    CHECK(holds[0].since == at(10));
    bool was = false, was_again = true;
    std::size_t due = 0;
    REQUIRE(s.store
                ->write([&](ports::transaction& tx) {
                    was = tx.resume_domain("a.example");
                    was_again = tx.resume_domain("a.example");
                    due = tx.make_due("a.example", at(100), at(100), 10);
                })
                .has_value());
    CHECK(was);
    CHECK_FALSE(was_again);
    CHECK(due == 1);
    CHECK(s.due("a.example", 100) == ids{again.id.text(), row.id.text()});
    CHECK(s.due("b.example", 100).empty());
}

TEST_CASE("a passed deadline gives way to the next, and what is past all goals leaves last", "[store][queue]")
{
    queue_store s;
    const auto missed_first = letter_to("a.example", 1000);  // J0 at 1000, 48 h at 2000
    const auto missed_both = letter_to("a.example", 100);    // 100, 1100
    const auto in_time = letter_to("a.example", 1800);       // 1800, 2800
    for (const auto& row : {missed_first, missed_both, in_time}) s.save(row);
    std::size_t moved = 0;
    const auto roll = [&] {
        REQUIRE(s.store->write([&](ports::transaction& tx) { moved = tx.roll_deadlines("a.example", at(1500), 10); })
                    .has_value());
    };
    roll();
    CHECK(moved == 2);
    CHECK(s.due("a.example", 1500) == ids{in_time.id.text(), missed_first.id.text(), missed_both.id.text()});
    roll();
    CHECK(moved == 0);
}

TEST_CASE("people are warned of what has waited, of each once", "[store][queue]")
{
    queue_store s;
    auto old = letter_to("a.example", 900, delivery_state::deferred, 100);
    auto young = letter_to("a.example", 900, delivery_state::queued, 200);
    auto gone = letter_to("a.example", 900, delivery_state::accepted, 100);
    for (const auto& row : {old, young, gone}) s.save(row);
    const auto unwarned = [&](std::int64_t until) {
        return s.ask([&](ports::reader& r) { return r.unwarned_deliveries(delivery_kind::letter, at(until), 10); });
    };
    CHECK(unwarned(99).empty());
    REQUIRE(unwarned(100).size() == 1);
    CHECK(unwarned(100)[0].id == old.id);
    CHECK(unwarned(200).size() == 2);
    old.warned_at = at(150);
    s.save(old);
    CHECK(unwarned(150).empty());
    CHECK(s.ask([&](ports::reader& r) { return r.delivery(old.id); })->warned_at == at(150));
    auto mail = letter_to("a.example", 900, delivery_state::deferred, 100);
    mail.kind = delivery_kind::mail;
    s.save(mail);
    CHECK(unwarned(150).empty());
    CHECK(s.ask([&](ports::reader& r) { return r.unwarned_deliveries(delivery_kind::mail, at(100), 10); }).size() == 1);
}

TEST_CASE("octets of sealed mail are counted while it waits", "[store][queue]")
{
    queue_store s;
    auto row = letter_to("a.example", 900);
    const auto octets = [&] { return s.ask([](ports::reader& r) { return r.counts(); }).queue_octets; };
    s.save(row);
    CHECK(octets() == 0);
    row.octets = 1000;
    row.state = delivery_state::sending;
    s.save(row);
    CHECK(octets() == 1000);
    row.state = delivery_state::deferred;
    s.save(row);
    s.save(row);
    CHECK(octets() == 1000);
    row.state = delivery_state::accepted;
    s.save(row);
    CHECK(octets() == 0);
}

TEST_CASE("no statement of the queue walks the table or sorts what waits", "[store][queue]")
{
    queue_store s;
    s.save(letter_to("a.example", 1));
    for (const char* sql : relay::store::queue_statements()) {
        CAPTURE(sql);
        for (const std::string& step : plan_of(s.options.path, sql)) {
            CAPTURE(step);
            CHECK(step.find("SCAN delivery") == std::string::npos);
            CHECK(step.find("SCAN d ") == std::string::npos);
            CHECK(step.find("SCAN e ") == std::string::npos);
            CHECK(step.find("TEMP B-TREE FOR ORDER BY") == std::string::npos);
        }
    }
}

// The number of steps of SQLite's machine, so that no clock is asked: the same with ten waiting and with thousands.
TEST_CASE("the price of what is due does not grow with what waits for another domain, or for later", "[store][queue]")
{
    const auto steps_with = [](int waiting) {
        queue_store s;
        REQUIRE(s.store
                    ->write([&](ports::transaction& tx) {
                        for (int i = 0; i < waiting; ++i) {
                            tx.save_delivery(letter_to("dead.example", 1000 + i));
                            tx.save_delivery(letter_to("dead.example", i, delivery_state::deferred, 9'000'000 + i));
                        }
                        for (int i = 0; i < 50; ++i) tx.save_delivery(letter_to("live.example", 5000 + i));
                    })
                    .has_value());
        sqlite3* database = nullptr;
        REQUIRE(sqlite3_open(s.options.path.c_str(), &database) == SQLITE_OK);
        int steps = 0;
        for (const char* sql : relay::store::queue_statements()) {
            sqlite3_stmt* statement = nullptr;
            REQUIRE(sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) == SQLITE_OK);
            const int arguments = sqlite3_bind_parameter_count(statement);
            // (domain, limit), (domain, now, limit), (kind, until, limit) or (bytes)
            if (arguments > 0) {
                const bool by_domain = std::string(sql).find("d.domain = ?") != std::string::npos;
                if (by_domain)
                    sqlite3_bind_text(statement, 1, arguments == 3 ? "dead.example" : "live.example", -1,
                                      SQLITE_STATIC);
                else
                    sqlite3_bind_int64(statement, 1, -1);
                if (arguments == 3) sqlite3_bind_int64(statement, 2, 5000);
                sqlite3_bind_int64(statement, arguments, 64);
            }
            while (sqlite3_step(statement) == SQLITE_ROW) continue;
            steps += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 0);
            sqlite3_finalize(statement);
        }
        sqlite3_close(database);
        return steps;
    };
    const int few = steps_with(10);
    CHECK(few > 0);
    CHECK(steps_with(3000) <= few + few / 10);
}

// By hand: component_relay_store "[measure]". Prints; asserts nothing about time.
TEST_CASE("100 000 queued, most of one dead site: what opening and asking cost", "[.][measure]")
{
    using clock = std::chrono::steady_clock;
    queue_store s;
    for (int done = 0; done < 100'000; done += 2000)
        REQUIRE(s.store
                    ->write([&](ports::transaction& tx) {
                        for (int i = 0; i < 1000; ++i) {
                            tx.save_delivery(letter_to("dead.example", 1000 + done + i));
                            tx.save_delivery(letter_to("dead.example", done, delivery_state::deferred, 9'000'000 + i));
                        }
                    })
                    .has_value());
    for (int i = 0; i < 500; ++i) s.save(letter_to("live" + std::to_string(i % 100) + ".example", 5000 + i));
    const auto timed = [](const char* what, auto work) {
        const auto begun = clock::now();
        work();
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - begun);
        std::printf("%-28s %8.2f ms\n", what, static_cast<double>(took.count()) / 1000);
    };
    timed("open", [&] { s.reopen(); });
    for (int turn = 0; turn < 2; ++turn) {
        timed("what was sending",
              [&] { (void)s.ask([](ports::reader& r) { return r.deliveries_in(delivery_state::sending, 200); }); });
        timed("lanes (101 domains)", [&] { (void)s.lanes(); });
        timed("due of the dead one, 64", [&] { CHECK(s.due("dead.example", 5000, 64).size() == 64); });
        timed("due of a live one, 64", [&] { CHECK(s.due("live1.example", 5000, 64).size() == 5); });
        timed("counts", [&] { (void)s.ask([](ports::reader& r) { return r.counts(); }); });
    }
    timed("all put off made due", [&] {
        std::size_t moved = 2000;
        while (moved == 2000)
            REQUIRE(s.store
                        ->write([&](ports::transaction& tx) {
                            moved = tx.make_due("dead.example", at(5000), at(5000), 2000);
                        })
                        .has_value());
    });
}
