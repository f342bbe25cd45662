// The watch on misrouting over a real store: counters move with the letters, warnings come and go, letters never wait.
#include <catch2/catch.hpp>

#include "relay/pipeline/ports/worklist.hpp"
#include "relay/pipeline/watch_desk.hpp"
#include "relay/pipeline/work_desk.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
struct watched_house : tests::house {
    watched_house() { add_doctor("anne.roux@medecin.example", tests::second_doctor); }
};
}

TEST_CASE("the watch counts what mailboxes take, warns, and takes warnings back", "[watch]")
{
    watched_house h;
    const auto warnings = [&] {
        std::vector<std::string> words;
        work_query query;
        for (const auto& item : h.ask([&](auto& r) { return read_worklist(r, query, {}, h.clock.now()); }).items)
            if (item.kind == work_kind::mailbox) words.push_back(item.word + " " + std::to_string(item.count));
        return words;
    };
    const watch_thresholds few{.volume_floor = 3, .volume_times = 2, .volume_days = 2, .doctors = 2};
    int number = 0;
    const auto take = [&](int letters) {
        for (int n = 0; n < letters; ++n) {
            const std::string id = std::to_string(++number);
            h.drop("l" + id + ".hl7", tests::mdm_file({.document = "2.999.7.8" + id + ".1",
                                                       .set = "2.999.7.8" + id,
                                                       .visit = "2601" + id,
                                                       .control_id = "W" + id}));
            for (const auto& due : h.due(10).value()) h.attempt(due, attempt_end::accepted);
        }
    };
    for (int days = 0; days < 2; ++days) {
        take(1);
        h.clock.set(h.clock.now() + 24h);
    }
    take(2);
    CHECK(watch_mailboxes(*h.store, h.clock.now(), few).value() == 0);
    take(1);
    CHECK(watch_mailboxes(*h.store, h.clock.now(), few).value() == 1);
    CHECK(warnings() == std::vector<std::string>{"mailbox_volume 3"});
    CHECK(watch_mailboxes(*h.store, h.clock.now(), few).value() == 1);
    CHECK(warnings().size() == 1);
    h.clock.set(h.clock.now() + 24h);
    CHECK(watch_mailboxes(*h.store, h.clock.now(), few).value() == 0);
    CHECK(warnings().empty());
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
