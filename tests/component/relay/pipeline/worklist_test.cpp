// The worklist over a real store: it is what the rows give, whatever happens in whatever order; what people do about
// it.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "relay/pipeline/ports/worklist.hpp"
#include "relay/pipeline/work_desk.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;

namespace {
const std::string roux = "anne.roux@medecin.example";

struct desk_house : tests::house {
    organisation sites = tests::two_sites();
    work_desk desk{*store, clock, tests::site().stays};
    int control = 0;

    desk_house()
    {
        add_doctor(roux, tests::second_doctor);
        follow(sites);
    }
    std::vector<work_item> list(work_query query = {})
    {
        return ask([&](auto& r) { return read_worklist(r, query, sites, clock.now()); }).items;
    }
    std::vector<work_item> all() { return list({.services = {}, .shown = work_query::lines::all, .after = {}}); }
    // Page by page.
    std::vector<std::string> walked(std::size_t page_lines)
    {
        std::vector<std::string> found;
        work_query query{.services = {}, .shown = work_query::lines::all, .limit = page_lines, .after = {}};
        do {
            const auto page = ask([&](auto& r) { return read_worklist(r, query, sites, clock.now()); });
            REQUIRE(page.items.size() <= page_lines);
            for (const auto& item : page.items) found.push_back(item.id);
            query.after = page.next;
        } while (query.after);
        return found;
    }
    // What the rows give, by reading all of them.
    std::vector<std::string> derived()
    {
        return ask([&](ports::reader& r) {
            std::vector<std::pair<work_place, std::string>> found;
            const instant now = clock.now();
            const auto keep = [&](const work_evidence& of) {
                if (auto item = item_of(of, sites, now)) found.push_back({{item->deadline, item->id}, item->id});
            };
            std::set<stay_id> told;
            for (const auto& letter : r.letters_received(instant(), instant(std::chrono::hours(9'000'000)))) {
                const auto clues = r.clues_of(letter.id);
                work_evidence line;
                line.kind = work_kind::letter;
                line.item = letter.id.text();
                if (clues && clues->state == match_state::open) {
                    const auto last = clues->ends.value_or(clues->written) + 48h;
                    line.goals = {last, last};
                    keep(line);
                }
                for (const auto& row : r.deliveries_of_letter(letter.id)) {
                    if (!asks_for_a_person(row) || is_replaced(r, letter, row)) continue;
                    line.kind = work_kind::delivery;
                    line.item = row.id.text();
                    line.state = row.state;
                    line.why = row.why;
                    line.goals = {std::min(row.deadline, row.last_deadline), row.last_deadline};
                    if (row.role == recipient_role::treating_doctor) told.insert(letter.stay);
                    keep(line);
                }
            }
            for (const auto& stay : r.stays_after("", 1000)) {
                work_evidence line;
                line.facts = facts_of(r, stay, sites, tests::paris());
                if (!line.facts || told.contains(stay.id)) continue;
                line.item = stay.id.text();
                line.goals = {line.facts->j0_deadline, line.facts->h48_deadline};
                keep(line);
            }
            std::sort(found.begin(), found.end());
            std::vector<std::string> ids;
            for (const auto& one : found) ids.push_back(one.second);
            return ids;
        });
    }
    static bool is_replaced(ports::reader& r, const letter_row& letter, const delivery_row& row)
    {
        for (const auto& other : r.letters_of_set(letter.set_key))
            for (const auto& newer : r.deliveries_of_letter(other.id)) {
                const bool both_doctor =
                    row.role == recipient_role::treating_doctor && newer.role == recipient_role::treating_doctor;
                if (newer.turn > row.turn && (newer.recipient_key == row.recipient_key || both_doctor)) return true;
            }
        return false;
    }
};
}

TEST_CASE("a discharge without a letter comes on the list at 18:00 and goes with the letter", "[worklist]")
{
    desk_house h;
    h.drop("a.hl7", tests::adt_file());
    CHECK(h.list().empty());
    h.clock.set(tests::local("20261120180000+0100"));
    REQUIRE(h.list().size() == 1);
    const auto item = h.list().front();
    CHECK(item.word == "no_letter");
    CHECK(item.service == "4410");
    CHECK(item.site == "NORD");
    CHECK(item.deadline == tests::local("20261121000000+0100"));
    CHECK(h.list({.services = {"9740"}, .after = {}}).empty());
    h.drop("l.hl7", tests::mdm_file());
    CHECK(h.list().empty());
    h.clock.set(tests::local("20261121000000+0100"));
    CHECK(h.list().front().word == "j0_missed_on_the_way");
    h.attempt(h.only().id, attempt_end::permanent, 550, cause::closed);
    REQUIRE(h.list().size() == 1);  // the letter speaks for its stay
    CHECK(h.list().front().kind == work_kind::delivery);
    CHECK(h.list().front().why == cause::closed);
    CHECK(h.list().front().mark == attention::j0_missed);
    CHECK(h.list().front().stay == h.stays().front().id);
}

TEST_CASE("a newer version takes the place of what failed", "[worklist]")
{
    desk_house h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.hl7", tests::mdm_file());
    h.attempt(h.only().id, attempt_end::permanent, 550, cause::closed);
    REQUIRE(h.list().size() == 1);
    h.drop("m.hl7", tests::mdm_file({.document = "2.999.7.417.2", .version = 2, .control_id = "D2", .event = "T10"}));
    CHECK(h.list().empty());
    h.clock.set(tests::local("20261121000000+0100"));
    REQUIRE(h.list().size() == 1);
    CHECK(h.list().front().kind == work_kind::stay);
}

TEST_CASE("people assign, put off, finish; the ledger knows who", "[worklist]")
{
    desk_house h;
    h.drop("a.hl7", tests::adt_file());
    h.clock.set(tests::local("20261120181500+0100"));
    const std::string item = h.list().front().id;
    CHECK(h.desk.assign(item, "m.dupont", "alice").value() == desk_answer::done);
    CHECK(h.list().front().assigned_to == "m.dupont");
    CHECK(h.desk.snooze(item, h.clock.now() + 1h, "alice").value() == desk_answer::done);
    CHECK(h.list().empty());
    REQUIRE(h.all().size() == 1);
    CHECK(h.all().front().stands == work_item::standing::snoozed);
    h.clock.set(h.clock.now() + 1h);
    REQUIRE(h.list().size() == 1);
    CHECK(h.desk.finish(item, "CALLED", "bob").value() == desk_answer::done);
    CHECK(h.list().empty());
    CHECK(h.all().front().reason == "CALLED");
    CHECK(h.all().front().actor == "bob");
    h.clock.set(tests::local("20261121000000+0100"));
    REQUIRE(h.list().size() == 1);  // J0 was missed meanwhile
    CHECK(h.list().front().assigned_to == "m.dupont");
    const auto events = h.ask([&](auto& r) { return r.events_of(stay_id(item)); });
    std::vector<std::string> told;
    for (const event& one : events)
        if (!one.facts.actor.empty()) told.push_back(std::string(name(one.kind)) + " " + one.facts.actor);
    CHECK(told == std::vector<std::string>{"work_assigned alice", "work_snoozed alice", "work_done bob"});
    CHECK(h.store->verify_ledger().value() == std::nullopt);
}

TEST_CASE("what was done about a letter ends when it is sent again, though it fails for the same cause", "[worklist]")
{
    desk_house h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.hl7", tests::mdm_file());
    const delivery_id id = h.only().id;
    h.attempt(id, attempt_end::permanent, 550, cause::closed);
    REQUIRE(h.desk.assign(id.text(), "m.dupont", "alice").value() == desk_answer::done);
    const bool done = GENERATE(true, false);
    const auto act = [&] {
        return done ? h.desk.finish(id.text(), "CALLED", "alice").value()
                    : h.desk.snooze(id.text(), h.clock.now() + 24h, "alice").value();
    };
    REQUIRE(act() == desk_answer::done);
    CHECK(h.list().empty());
    h.tell(id, event_kind::warned);  // changes nothing
    CHECK(h.list().empty());
    h.tell(id, event_kind::requeued);
    CHECK(h.all().empty());
    h.clock.set(h.clock.now() + 1h);
    h.attempt(id, attempt_end::permanent, 550, cause::closed);
    REQUIRE(h.list().size() == 1);
    CHECK(h.list().front().stands == work_item::standing::open);
    CHECK(h.list().front().assigned_to == "m.dupont");
    REQUIRE(act() == desk_answer::done);
    CHECK(h.list().empty());
}

TEST_CASE("what was done about a letter ends with a bounce, a receipt and a dispute", "[worklist]")
{
    desk_house h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.hl7", tests::mdm_file());
    const delivery_id id = h.only().id;
    h.attempt(id, attempt_end::accepted);
    CHECK(h.all().empty());
    const auto done = [&] {
        REQUIRE(h.list().size() == 1);
        REQUIRE(h.desk.finish(id.text(), "CHECKED", "alice").value() == desk_answer::done);
        REQUIRE(h.list().empty());
    };
    h.tell(id, event_kind::disputed, cause::disputed);
    done();
    h.tell(id, event_kind::displayed);  // he has read what is not for him
    CHECK(h.list().size() == 1);
    done();
    h.tell(id, event_kind::report_delivered);  // weaker evidence, late: nothing
    CHECK(h.list().empty());
    CHECK(h.only().state == delivery_state::displayed);
}

TEST_CASE("what was done about a stay ends with another discharge", "[worklist]")
{
    desk_house h;
    h.drop("a.hl7", tests::adt_file());
    h.clock.set(tests::local("20261121090000+0100"));
    const std::string stay = h.list().front().id;
    REQUIRE(h.list().front().word == "j0_missed");
    REQUIRE(h.desk.finish(stay, "CALLED", "alice").value() == desk_answer::done);
    CHECK(h.list().empty());
    h.drop(
        "c.hl7",
        tests::adt_file(
            {.control_id = "A2", .action = "CANCEL", .event = "A13", .recorded = "20261121090000", .original = "A03"}));
    CHECK(h.all().empty());
    h.clock.set(tests::local("20261122120000+0100"));
    h.drop("b.hl7", tests::adt_file({.control_id = "A3",
                                     .discharge = "20261122110000",
                                     .movement = "M78",
                                     .recorded = "20261122110500",
                                     .moved = "20261122110000"}));
    h.clock.set(tests::local("20261123000000+0100"));
    REQUIRE(h.list().size() == 1);
    CHECK(h.list().front().word == "j0_missed");
    CHECK(h.list().front().stands == work_item::standing::open);
}

TEST_CASE("acts that are refused change nothing", "[worklist]")
{
    desk_house h;
    h.drop("a.hl7", tests::adt_file());
    const std::string stay = h.stays().front().id.text();
    CHECK(h.desk.assign(stay, "x", "a").value() == desk_answer::unknown_item);  // it asks for nobody yet
    h.clock.set(tests::local("20261120181500+0100"));
    const instant now = h.clock.now();
    CHECK(h.desk.assign("nobody", "x", "a").value() == desk_answer::unknown_item);
    CHECK(h.desk.assign(stay, "Anne Roux", "a").value() == desk_answer::bad_name);
    CHECK(h.desk.assign(stay, std::string(64, 'x'), "a").value() == desk_answer::done);
    CHECK(h.desk.assign(stay, std::string(65, 'x'), "a").value() == desk_answer::bad_name);
    CHECK(h.desk.assign(stay, "", "a").value() == desk_answer::done);
    CHECK(h.desk.snooze(stay, now, "a").value() == desk_answer::bad_time);
    CHECK(h.desk.snooze(stay, now + 31 * 24h + 1ms, "a").value() == desk_answer::bad_time);
    CHECK(h.desk.snooze(stay, now + 31 * 24h, "a").value() == desk_answer::done);
    CHECK(h.desk.finish(stay, "because", "a").value() == desk_answer::unknown_code);
    CHECK(h.desk.exclude(stay, "because", "a").value() == desk_answer::unknown_code);
    CHECK(h.desk.exclude(stay, "", "a").value() == desk_answer::not_needed);
    CHECK(h.desk.exclude("nobody", "TEST", "a").value() == desk_answer::unknown_item);
    CHECK(h.desk.other_channel(stay, "paper", {}, "a").value() == desk_answer::unknown_item);  // there is no letter
    CHECK(h.desk.other_channel(stay, "pigeon", {}, "a").value() == desk_answer::unknown_code);
    CHECK(h.desk.other_channel(stay, "fax", now + 1ms, "a").value() == desk_answer::bad_time);
}

TEST_CASE("another channel ends the delivery, in time by when it was used", "[worklist]")
{
    struct row {
        std::string_view used;
        bool in_time;
    };
    const auto tc = GENERATE(values<row>({{"20261122100000+0100", true}, {"20261123100000+0100", false}}));
    desk_house h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.hl7", tests::mdm_file());
    h.clock.set(tests::local("20261124090000+0100"));
    const auto stay = h.stays().front().id;
    REQUIRE(h.desk.other_channel(stay.text(), "paper", tests::local(tc.used), "alice").value() == desk_answer::done);
    CHECK(h.only().state == delivery_state::other_channel);
    CHECK(h.list().empty());
    const auto facts = h.ask([&](auto& r) { return facts_of(r, *r.stay(stay), h.sites, tests::paris()); }).value();
    CHECK(facts.other_channel);
    CHECK(facts.other_channel_in_time == tc.in_time);
    CHECK(h.events(h.only().id).back().facts.said.reason == "paper");
    CHECK(h.desk.other_channel(stay.text(), "paper", {}, "alice").value() == desk_answer::not_needed);
}

TEST_CASE("a stay is excluded by a person, and counts again", "[worklist]")
{
    desk_house h;
    h.drop("a.hl7", tests::adt_file());
    h.clock.set(tests::local("20261121000000+0100"));
    const std::string stay = h.list().front().id;
    REQUIRE(h.desk.exclude(stay, "NO_LETTER_DUE", "alice").value() == desk_answer::done);
    CHECK(h.list().empty());
    CHECK(h.stays().front().exclusion == "MANUAL");
    h.drop("b.hl7", tests::adt_file({.control_id = "A2", .recorded = "20261120150000"}));
    CHECK(h.stays().front().exclusion == "MANUAL");  // the feed does not undo it
    REQUIRE(h.desk.exclude(stay, "", "alice").value() == desk_answer::done);
    CHECK(h.list().size() == 1);
}

TEST_CASE("the list is what the rows give, after anything", "[worklist]")
{
    const unsigned seed = GENERATE(range(1U, 7U));
    std::minstd_rand random(seed);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    desk_house h;
    constexpr event_kind reports[] = {event_kind::report_delivered,  event_kind::report_failed,
                                      event_kind::software_rejected, event_kind::other_channel,
                                      event_kind::requeued,          event_kind::cancelled,
                                      event_kind::disputed,          event_kind::undeliverable};
    for (int step = 0; step < 60; ++step) {
        h.clock.set(h.clock.now() + std::chrono::minutes(below(200)));
        const std::string number = std::to_string(below(5));
        const std::string id = "S" + std::to_string(++h.control);
        switch (below(6)) {
            case 0:
                h.drop(id + ".hl7",
                       tests::adt_file({.control_id = id,
                                        .visit = "2601000" + number,
                                        .discharge = "2026112" + number + "14" + std::to_string(10 + below(40)) + "00",
                                        .action = below(4) == 0 ? "CANCEL" : "INSERT",
                                        .movement = "M" + number,
                                        .recorded = "202611291412" + std::to_string(10 + below(49)),
                                        .unit = below(2) == 0 ? "4410" : "9740"}));
                break;
            case 1:
            case 2:
                h.drop(id + ".hl7", tests::mdm_file({.document = "2.999.7.9" + id.substr(1) + ".1",
                                                     .set = "2.999.7.9" + (below(3) == 0 ? number : id.substr(1)),
                                                     .version = 1 + below(3),
                                                     .visit = below(3) == 0 ? "" : "2601000" + number,
                                                     .discharge = below(2) == 0 ? "" : "20261120141000+0100",
                                                     .control_id = id}));
                break;
            case 3:
                for (const auto& due : h.due(2).value())
                    h.attempt(due, below(2) == 0 ? attempt_end::permanent : attempt_end::accepted, 250,
                              below(2) == 0 ? cause::no_mailbox : cause::content_refused);
                break;
            default: {
                const auto every = h.deliveries();
                if (!every.empty())
                    h.tell(every[below(static_cast<unsigned>(every.size()))].id, reports[below(8)], cause::disputed);
            }
        }
        const auto derived = h.derived();
        REQUIRE(h.walked(100) == derived);
        if (step % 10 == 0) REQUIRE(h.walked(2) == derived);
    }
    CHECK(h.derived().size() > 1);
}

TEST_CASE("letters to patients that are held make one line, which one more opens again", "[worklist]")
{
    desk_house h;
    const auto hold_for_patient = [&](const std::string& n) {
        h.clock.set(h.clock.now() + 1min);  // so that it is the last of deliveries()
        h.drop("p" + n + ".hl7", tests::mdm_file({.document = "2.999.7.5" + n + ".1",
                                                  .set = "2.999.7.5" + n,
                                                  .control_id = "P" + n,
                                                  .address = "p" + n + "@attente.example"}));
        auto row = h.deliveries().back();
        REQUIRE(row.state == delivery_state::held);
        row.role = recipient_role::patient;
        REQUIRE(h.store->write([&](ports::transaction& tx) { tx.save_delivery(row); }).has_value());
    };
    const auto notices = [&] {
        std::vector<work_item> found;
        for (auto& item : h.list())
            if (item.kind == work_kind::patients) found.push_back(std::move(item));
        return found;
    };
    for (const char* n : {"0", "1", "2"}) hold_for_patient(n);
    h.clock.set(h.clock.now() + 100h);
    REQUIRE(notices().size() == 1);
    CHECK(notices().front().count == 3);
    REQUIRE(h.desk.finish(notices().front().id, "CHECKED", "alice").value() == desk_answer::done);
    CHECK(notices().empty());
    hold_for_patient("3");
    REQUIRE(notices().size() == 1);
    CHECK(notices().front().count == 4);
}
