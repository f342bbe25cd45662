// The watch on misrouting over a real store: counters move with the letters, warnings come and go, letters never wait.
#include <catch2/catch.hpp>

#include <algorithm>

#include "relay/pipeline/ports/worklist.hpp"
#include "relay/pipeline/watch_desk.hpp"
#include "relay/pipeline/work_desk.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
struct watched_house : tests::house {
    int number = 0;

    watched_house() { add_doctor("anne.roux@medecin.example", tests::second_doctor); }
    // Letters that arrive now, each of a stay of its own.
    void take(int letters, tests::letter_order order = {})
    {
        for (int n = 0; n < letters; ++n) {
            const std::string id = std::to_string(++number);
            order.document = "2.999.7.8" + id + ".1";
            order.set = "2.999.7.8" + id;
            order.visit = "2601" + id;
            order.control_id = "W" + id;
            drop("l" + id + ".hl7", tests::mdm_file(order));
            for (const auto& one : due(10).value()) attempt(one, attempt_end::accepted);
        }
    }
    std::vector<std::string> warnings()
    {
        std::vector<std::string> words;
        const work_query query;
        for (const auto& item : ask([&](auto& r) { return read_worklist(r, query, {}, clock.now()); }).items)
            if (item.kind == work_kind::mailbox) words.push_back(item.word + " " + std::to_string(item.count));
        return words;
    }
    std::size_t watch(const watch_thresholds& at) { return watch_mailboxes(*store, clock.now(), at).value(); }
};
using words = std::vector<std::string>;
}

TEST_CASE("the watch counts what mailboxes take, warns, and takes warnings back", "[watch]")
{
    watched_house h;
    const watch_thresholds few{.volume_floor = 3, .volume_times = 2, .volume_days = 2, .doctors = 2};
    for (int days = 0; days < 2; ++days) {
        h.take(1);
        h.clock.set(h.clock.now() + 24h);
    }
    h.take(2);
    CHECK(h.watch(few) == 0);
    h.take(1);
    CHECK(h.watch(few) == 1);
    CHECK(h.warnings() == std::vector<std::string>{"mailbox_volume 3"});
    CHECK(h.watch(few) == 1);
    CHECK(h.warnings().size() == 1);
    h.clock.set(h.clock.now() + 24h);
    CHECK(h.watch(few) == 0);
    CHECK(h.warnings().empty());
}

TEST_CASE("a mailbox of which nothing is read warns at its threshold, until something is", "[watch]")
{
    watched_house h;
    h.add_doctor("luc.noir@medecin.example", tests::first_doctor);
    const watch_thresholds few{.unread_letters = 3, .unread_after = std::chrono::days(2)};
    h.take(1, {.treating_doctor = std::string(tests::first_doctor),
               .address = "luc.noir@medecin.example",
               .rpps = std::string(tests::first_doctor)});
    const delivery_id other = h.only().id;
    h.take(2);
    h.clock.set(h.clock.now() + 48h - 1ms);
    h.take(1);
    CHECK(h.watch(few) == 0);  // nobody of its domain tells what he reads
    h.tell(other, event_kind::displayed);
    CHECK(h.watch(few) == 0);  // a millisecond too young
    h.clock.set(h.clock.now() + 1ms);
    CHECK(h.watch({.unread_letters = 4, .unread_after = std::chrono::days(2)}) == 0);
    CHECK(h.watch(few) == 1);
    CHECK(h.warnings() == words{"mailbox_unread 3"});
    for (const auto& row : h.deliveries())
        if (row.id != other) {
            h.tell(row.id, event_kind::displayed);
            break;
        }
    CHECK(h.watch(few) == 0);
    CHECK(h.warnings().empty());
}

TEST_CASE("a mailbox that takes the letters of many doctors warns at its threshold", "[watch]")
{
    watched_house h;
    const auto of_doctor = [](std::string_view rpps) {
        return tests::letter_order{.treating_doctor = std::string(rpps), .rpps = std::string(rpps)};
    };
    h.take(2, of_doctor(tests::second_doctor));
    CHECK(h.watch({.doctors = 2}) == 0);  // one doctor, two letters
    h.take(1, of_doctor(tests::first_doctor));
    CHECK(h.watch({.doctors = 3}) == 0);
    CHECK(h.watch({.doctors = 2}) == 1);
    const auto found = h.warnings();
    CHECK(std::count(found.begin(), found.end(), "mailbox_catch_all 2") == 1);
}

TEST_CASE("a letter for somebody else's mailbox warns the directory keeper and leaves", "[watch]")
{
    watched_house h;
    h.directory.rows.front().rpps = std::string(tests::first_doctor);
    h.drop("l.hl7", tests::mdm_file());
    h.attempt(h.only().id, attempt_end::accepted);
    CHECK(h.only().state == delivery_state::accepted);
    work_query query;
    const auto page = h.ask([&](auto& r) { return read_worklist(r, query, {}, h.clock.now()); });
    std::vector<std::string> words;
    for (const auto& item : page.items)
        if (item.kind == work_kind::mailbox) words.push_back(item.word);
    CHECK(words == std::vector<std::string>{"binding_mismatch"});
    const std::string item = page.items.back().id;
    REQUIRE(page.items.back().kind == work_kind::mailbox);
    CHECK_FALSE(page.items.back().has_deadline);  // behind all that have one
    work_desk desk(*h.store, h.clock);
    REQUIRE(desk.assign(item, "annuaire", "alice").value() == desk_answer::done);
    REQUIRE(desk.finish(item, "CHECKED", "alice").value() == desk_answer::done);
    const auto left = h.ask([&](auto& r) { return read_worklist(r, query, {}, h.clock.now()); });
    CHECK(left.items.size() == page.items.size() - 1);
}
