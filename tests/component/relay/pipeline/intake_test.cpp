// Intake over a real store: durable first, nothing twice, nothing lost.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <thread>

#include <sqlite3.h>

#include "relay/obs/log.hpp"
#include "relay/pipeline/stay_fold.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using tests::house;

namespace {
const std::string roux = "anne.roux@medecin.example";

bool has(const std::string& text, std::string_view part)
{
    return text.find(part) != std::string::npos;
}
}

TEST_CASE("a letter is accepted, durable and queued", "[intake]")
{
    house h;
    h.add_doctor(roux, tests::second_doctor);
    const auto answer = h.drop("lettre.hl7", tests::mdm_file());
    CHECK(answer.what == verdict::accepted);
    CHECK(answer.suffix == ".ack.hl7");
    CHECK(has(answer.content, "MSA|AA|DEMO000417"));
    CHECK(h.queued == 1);
    h.open();  // as after a crash
    const auto row = h.only();
    CHECK(row.state == delivery_state::queued);
    CHECK(row.role == recipient_role::treating_doctor);
    CHECK(row.domain == "medecin.example");
    const auto letters = h.letters();
    const auto blob = h.ask([&](auto& r) { return r.blob(letters.at(0).document); });
    REQUIRE(blob.has_value());
    CHECK(h.vault.open(*blob).value() == tests::cda_file());
    REQUIRE(h.stays().size() == 1);
    CHECK(h.stays()[0].quality == discharge_quality::document);
}

TEST_CASE("the same file again gets the same answer and makes nothing", "[intake]")
{
    house h;
    h.add_doctor(roux, tests::second_doctor);
    const auto again = [&](const std::string& name, const submission& from) {
        CAPTURE(name);
        const auto first = h.intake->accept(from);
        const auto second = h.intake->accept(from);
        CHECK(first.what == second.what);
        CHECK(first.suffix == second.suffix);
        CHECK(first.content == second.content);
    };
    again("mdm", tests::dropped("a.hl7", tests::mdm_file()));
    again("adt", tests::dropped("b.hl7", tests::adt_file()));
    again("pair", tests::dropped_pair("c.json", tests::sidecar_file()));
    again("cda", tests::dropped("d.xml", tests::cda_file({.document = "2.999.7.600.1", .set = "2.999.7.600"})));
    CHECK(h.letters().size() == 3);
    CHECK(h.deliveries().size() == 3);
}

TEST_CASE("two copies of one file in hand at once", "[intake]")
{
    house h;
    h.add_doctor(roux, tests::second_doctor);
    for (int round = 0; round < 8; ++round) {
        const std::string id = "2.999.8." + std::to_string(round);
        const auto from = tests::dropped(
            "a.hl7", tests::mdm_file({.document = id + ".1", .set = id, .control_id = "C" + std::to_string(round)}));
        std::array<submission_result, 4> answers;
        std::vector<std::thread> workers;
        for (auto& answer : answers) workers.emplace_back([&] { answer = h.intake->accept(from); });
        for (auto& worker : workers) worker.join();
        for (const auto& answer : answers) {
            CHECK(answer.what == verdict::accepted);
            CHECK(answer.content == answers[0].content);
        }
    }
    CHECK(h.letters().size() == 8);
}

TEST_CASE("an identifier used again for other content is refused", "[intake]")
{
    house h;
    h.add_doctor(roux, tests::second_doctor);
    REQUIRE(h.drop("a.hl7", tests::mdm_file()).what == verdict::accepted);
    SECTION("the document's, by HL7")
    {
        const auto answer = h.drop("b.hl7", tests::mdm_file({.title = "Autre", .control_id = "OTHER"}));
        CHECK(answer.what == verdict::refused);
        CHECK(has(answer.content, "MSA|AE|OTHER"));
        CHECK(has(answer.content, "TXA^1^12"));
        CHECK(h.refusals().at(0).code == "DOCUMENT_REUSED");
    }
    SECTION("the document's, as a file")
    {
        const auto answer = h.drop("b.xml", tests::cda_file({.title = "Autre"}));
        CHECK(answer.what == verdict::refused);
        CHECK(has(answer.content, "DOCUMENT_REUSED"));
        CHECK(h.refusals().at(0).form == "cda");
    }
    SECTION("the message's")
    {
        const auto answer = h.drop("b.hl7", tests::mdm_file({.document = "2.999.7.999.1", .set = "2.999.7.999"}));
        CHECK(answer.what == verdict::refused);
        CHECK(has(answer.content, "MSH^1^10"));
    }
    CHECK(h.letters().size() == 1);
}

TEST_CASE("new recipients of a known document get mails of their own, known ones none", "[intake]")
{
    house h;
    h.add_doctor(roux, tests::second_doctor);
    h.add_doctor("paul.vidal@medecin.example", tests::first_doctor);
    REQUIRE(h.drop("a.xml", tests::cda_file()).what == verdict::accepted);  // to the treating doctor, by RPPS
    REQUIRE(h.drop("b.hl7", tests::mdm_file()).what == verdict::accepted);  // the same document to the same, by address
    CHECK(h.deliveries().size() == 1);
    const auto shouted = h.drop("c.hl7", tests::mdm_file({.control_id = "C3", .address = "Anne.Roux@Medecin.example"}));
    REQUIRE(shouted.what == verdict::accepted);
    CHECK(h.deliveries().size() == 1);
    const auto other = h.drop("d.hl7", tests::mdm_file({.control_id = "C4",
                                                        .address = "paul.vidal@medecin.example",
                                                        .rpps = std::string(tests::first_doctor)}));
    REQUIRE(other.what == verdict::accepted);
    const auto both = h.deliveries();
    REQUIRE(both.size() == 2);
    CHECK(std::count_if(both.begin(), both.end(),
                        [](const auto& d) { return d.role == recipient_role::treating_doctor; }) == 1);
    CHECK(h.letters().size() == 1);
}

TEST_CASE("one doctor by RPPS and by address in one sidecar gets one mail", "[intake]")
{
    house h;
    h.add_doctor(roux, tests::second_doctor);
    REQUIRE(h.intake->accept(tests::dropped_pair("a.json", tests::sidecar_file())).what == verdict::accepted);
    CHECK(h.only().role == recipient_role::treating_doctor);
}

TEST_CASE("of two versions the older gives way unless it has begun to leave", "[intake]")
{
    house h;
    h.add_doctor(roux, tests::second_doctor);
    const std::string first = tests::cda_file();
    const std::string second = tests::cda_file({.document = "2.999.7.417.2", .version = 2});
    const auto state_of = [&](int version) {
        for (const auto& row : h.deliveries())
            if (row.version == version) return row.state;
        return delivery_state::received;
    };
    SECTION("queued")
    {
        h.drop("1.xml", first);
        h.drop("2.xml", second);
        CHECK(state_of(1) == delivery_state::superseded);
        CHECK(state_of(2) == delivery_state::queued);
    }
    SECTION("the older comes last")
    {
        h.drop("2.xml", second);
        h.drop("1.xml", first);
        CHECK(state_of(1) == delivery_state::superseded);
        CHECK(state_of(2) == delivery_state::queued);
    }
    SECTION("under way: the newer waits for it")
    {
        h.drop("1.xml", first);
        const auto mail = h.outbound->prepare(h.only().id).value();
        REQUIRE(mail.has_value());
        h.drop("2.xml", second);
        CHECK(state_of(1) == delivery_state::sending);
        CHECK(h.due(10)->empty());
        attempt_result outcome;
        outcome.end = attempt_end::accepted;
        REQUIRE(h.outbound->finish(*mail, outcome).has_value());
        CHECK(h.due(10)->size() == 1);
    }
    SECTION("failed: a person cannot send it after the newer")
    {
        h.drop("1.xml", first);
        const auto old = h.only().id;
        h.attempt(old, attempt_end::permanent, 550, cause::no_mailbox);
        h.drop("2.xml", second);
        CHECK(state_of(1) == delivery_state::failed);
        CHECK_FALSE(h.outbound->requeue(old).value());
    }
}

TEST_CASE("the discharge starts the clock, before the letter or after it", "[intake]")
{
    house h;
    h.add_doctor(roux, tests::second_doctor);
    h.add_doctor("paul.vidal@medecin.example", tests::first_doctor);
    SECTION("A03 first")
    {
        CHECK(h.drop("a.hl7", tests::adt_file({.discharge = "20261120133000"})).what == verdict::accepted);
        CHECK(h.drop("b.xml", tests::cda_file()).what == verdict::accepted);
        REQUIRE(h.stays().size() == 1);
        CHECK(h.stays()[0].discharge == tests::local("20261120133000+0100"));
        CHECK(h.letters()[0].stay == h.stays()[0].id);
    }
    SECTION("letter first")
    {
        CHECK(h.drop("b.xml", tests::cda_file()).what == verdict::accepted);
        CHECK(h.stays().at(0).quality == discharge_quality::document);
        CHECK(h.drop("a.hl7", tests::adt_file({.discharge = "20261120133000"})).what == verdict::accepted);
        REQUIRE(h.stays().size() == 1);
        CHECK(h.stays()[0].discharge == tests::local("20261120133000+0100"));
        CHECK(h.stays()[0].quality == discharge_quality::exact);
    }
    SECTION("cancelled, then set anew")
    {
        h.drop("a.hl7", tests::adt_file());
        h.drop("b.hl7", tests::adt_file({.control_id = "A2", .action = "CANCEL"}));
        CHECK(h.stays().empty());
        h.drop("c.hl7", tests::adt_file({.control_id = "A3", .discharge = "20261121100000"}));
        REQUIRE(h.stays().size() == 1);
        CHECK(h.stays()[0].discharge == tests::local("20261121100000+0100"));
    }
    SECTION("the treating doctor of the feed wins over the assumed one, whenever it comes")
    {
        h.drop("b.hl7", tests::mdm_file({.treating_doctor = "",
                                         .address = "paul.vidal@medecin.example",
                                         .rpps = std::string(tests::first_doctor)}));
        CHECK(h.only().role == recipient_role::treating_doctor);
        CHECK(has_flag(h.letters()[0].flags, "mt_assumed"));
        h.drop("a.hl7", tests::adt_file());
        CHECK(h.only().role == recipient_role::professional);
        CHECK_FALSE(has_flag(h.letters()[0].flags, "mt_assumed"));
        CHECK(h.letters()[0].treating_rpps == tests::second_doctor);
        h.drop("c.hl7", tests::adt_file({.control_id = "A2", .treating_doctor = std::string(tests::first_doctor)}));
        CHECK(h.only().role == recipient_role::treating_doctor);
    }
}

TEST_CASE("a refused file is kept once, and its answer stays the same", "[intake]")
{
    house h;
    const auto blobs = [&] {
        sqlite3* database = nullptr;
        sqlite3_open_v2(h.options.path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(database, "SELECT count(*) FROM blob", -1, &statement, nullptr);
        sqlite3_step(statement);
        const int count = sqlite3_column_int(statement, 0);
        sqlite3_finalize(statement);
        sqlite3_close(database);
        return count;
    };
    const std::string bad = tests::replaced(tests::mdm_file(), "|2.6|", "|2.4|");
    const auto first = h.drop("a.hl7", bad);
    const auto second = h.drop("a.hl7", bad);
    CHECK(first.what == verdict::refused);
    CHECK(has(first.content, "MSA|AE|DEMO000417"));
    CHECK(first.content == second.content);
    REQUIRE(h.refusals().size() == 1);
    CHECK(blobs() == 1);
    const auto kept = h.ask([&](auto& r) { return r.blob(h.refusals()[0].content); });
    REQUIRE(kept.has_value());
    CHECK(h.vault.open(*kept).value() == bad);
    h.drop("b.hl7", bad);  // another file of the same bytes is another file
    CHECK(h.refusals().size() == 2);
}

TEST_CASE("a key that is a name reaches the sender, not the store nor the log", "[intake][privacy]")
{
    house h;
    std::string log;
    relay::obs::set_sink([&log](std::string_view line) { log += line; });
    const auto answer = h.intake->accept(
        tests::dropped_pair("QUENTRELIN.json", tests::replaced(tests::sidecar_file(), "\"ipp\"", "\"QUENTRELIN\"")));
    relay::obs::set_sink({});
    CHECK(answer.what == verdict::refused);
    CHECK(has(answer.content, "patient.QUENTRELIN"));
    REQUIRE(h.refusals().size() == 1);
    CHECK(h.refusals()[0].field == "patient.?");
    CHECK_FALSE(has(log, "QUENTRELIN"));
    CHECK(has(log, "unknown_key"));
}

TEST_CASE("a full disk takes nothing and says so in HL7's own word", "[intake]")
{
    house h;
    h.add_doctor(roux, tests::second_doctor);
    h.options.reserve_octets = std::uint64_t{1} << 60U;  // more than any disk has
    h.open();
    const auto hl7 = h.drop("a.hl7", tests::mdm_file());
    CHECK(hl7.what == verdict::busy);
    CHECK(has(hl7.content, "MSA|AR|DEMO000417"));
    const auto cda = h.drop("a.xml", tests::cda_file());
    CHECK(cda.what == verdict::busy);
    CHECK(cda.suffix.empty());
    const auto junk = h.drop("junk", "bonjour");
    CHECK(junk.what == verdict::busy);
    CHECK(h.letters().empty());
    h.options.reserve_octets = 0;
    h.open();
    CHECK(h.drop("a.hl7", tests::mdm_file()).what == verdict::accepted);
}

TEST_CASE("many held letters are gone through page by page, and a few at a time when nothing changed", "[intake]")
{
    constexpr int many = 2501;  // five pages and one; a turn is four
    house h;
    h.drop("a.xml", tests::cda_file());
    const auto first = h.only();
    REQUIRE(h.store
                ->write([&](ports::transaction& tx) {
                    for (int i = 1; i < many; ++i) {
                        auto row = first;
                        row.id = delivery_id::make();
                        row.set_key.clear();
                        row.recipient_key += std::to_string(i);
                        row.created_at += std::chrono::milliseconds(i / 700);  // many of one instant
                        if (i % 5 == 0) row.state = delivery_state::undeliverable;
                        if (i % 10 == 0) row.why = cause::expired;  // not for want of an address
                        tx.save_delivery(row);
                    }
                })
                .has_value());
    const std::size_t routable = static_cast<std::size_t>(many) - (many - 1) / 10;
    h.directory.add(roux, std::string(tests::second_doctor));
    h.directory.der[roux] = {tests::der_of(tests::mint_doctor(tests::minted_key::ec_p256, roux, tests::root()))};
    SECTION("after a change")
    {
        CHECK(h.intake->route_again().value() == routable);
        CHECK(h.intake->route_again().value() == 0);
    }
    SECTION("in turn")
    {
        CHECK(h.intake->route_some_again().value() == 2000);
        CHECK(h.intake->route_some_again().value() == routable - 2000);
        CHECK(h.intake->route_some_again().value() == 0);
    }
    CHECK(h.ask([](auto& r) { return r.deliveries_in(delivery_state::queued, many); }).size() == routable);
    CHECK(h.ask([](auto& r) { return r.deliveries_in(delivery_state::held, many); }).empty());
}

// By hand: component_relay_pipeline "[measure]". Prints; asserts nothing about time.
TEST_CASE("100 000 held: what deciding again costs", "[.][measure]")
{
    using clock = std::chrono::steady_clock;
    house h;
    h.drop("a.xml", tests::cda_file());
    const auto first = h.only();
    for (int done = 0; done < 100'000; done += 2000)
        REQUIRE(h.store
                    ->write([&](ports::transaction& tx) {
                        for (int i = 0; i < 2000; ++i) {
                            auto row = first;
                            row.id = delivery_id::make();
                            row.set_key.clear();
                            row.recipient_key += std::to_string(done + i);
                            row.created_at += std::chrono::milliseconds((done + i) / 10);
                            tx.save_delivery(row);
                        }
                    })
                    .has_value());
    const auto timed = [](const char* what, auto work) {
        const auto begun = clock::now();
        work();
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begun);
        std::printf("%-40s %6lld ms\n", what, static_cast<long long>(took.count()));
    };
    timed("all, nothing changed", [&] { CHECK(h.intake->route_again().value() == 0); });
    timed("the next few, nothing changed", [&] { CHECK(h.intake->route_some_again().value() == 0); });
    h.directory.add(roux, std::string(tests::second_doctor));
    timed("all, another cause", [&] { CHECK(h.intake->route_again().value() == 0); });
    h.directory.der[roux] = {tests::der_of(tests::mint_doctor(tests::minted_key::ec_p256, roux, tests::root()))};
    timed("all, released", [&] { CHECK(h.intake->route_again().value() == 100'001); });
}

TEST_CASE("what is held leaves by itself when the directory knows more", "[intake]")
{
    house h;
    const std::string missing = tests::cda_file();
    h.drop("a.xml", missing);
    CHECK(h.only().state == delivery_state::held);
    CHECK(h.only().why == cause::doctor_unknown);
    CHECK(h.intake->route_again().value() == 0);
    h.directory.add(roux, std::string(tests::second_doctor));
    CHECK(h.intake->route_again().value() == 0);
    CHECK(h.only().why == cause::no_certificate);  // the cause moves on
    const auto events = h.events(h.only().id).size();
    CHECK(h.intake->route_again().value() == 0);
    CHECK(h.events(h.only().id).size() == events);  // and is told once
    h.directory.der[roux] = {tests::der_of(tests::mint_doctor(tests::minted_key::ec_p256, roux, tests::root()))};
    h.queued = 0;
    CHECK(h.intake->route_again().value() == 1);
    CHECK(h.only().state == delivery_state::queued);
    CHECK(h.only().why == cause::none);
    CHECK(h.queued == 1);
}

TEST_CASE("nobody to send to is held with its cause, once", "[intake]")
{
    house h;
    h.drop("a.xml", tests::cda_file({.treating_doctor = ""}));
    CHECK(h.only().why == cause::no_doctor);
    h.drop("b.xml", tests::cda_file({.treating_doctor = ""}));
    CHECK(h.deliveries().size() == 1);
}

TEST_CASE("the store holds no identity in clear", "[intake][privacy]")
{
    house h;
    h.add_doctor(roux, tests::second_doctor);
    h.drop("QUENTRELIN.hl7", tests::mdm_file());
    h.drop("b.hl7", tests::adt_file());
    h.drop("c.hl7", "MSH|^~\\&|QUENTRELIN");
    h.attempt(h.only().id, attempt_end::accepted);
    h.store.reset();
    for (const auto& entry : std::filesystem::directory_iterator(h.place.path())) {
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(in)), {});
        CAPTURE(entry.path().filename().string());
        for (const char* mark : {"QUENTRELIN", "Ysoline", "19850714", "285076900000095", "anne.roux", "26011234"})
            CHECK_FALSE(has(bytes, mark));
    }
    h.open();
}
