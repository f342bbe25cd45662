// A run of the purge as a node does it: certificates to their folder, content, returned mails, days recorded, then
// frozen (domain.md §10 rule 7).
#include <catch2/catch.hpp>

#include <sqlite3.h>

#include "relay/app/purger.hpp"
#include "relay/pipeline/ports/mailbox_use.hpp"
#include "relay/pipeline/ports/worklist.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay;
using namespace relay::pipeline;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {
constexpr auto day = 24h;

struct purging_house : tests::house {
    app::purger purge;
    fs::path acks = place.path() / "acks";
    app::parts part{config::settings(),
                    app::node_paths(place.path()),
                    tests::paris(),
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    certs::trust_anchors(anchors),
                    routes,
                    {},
                    {}};

    purging_house()
    {
        fs::create_directory(acks);
        part.settings.roles.hospital = true;
        part.settings.node.name = "relais.example";
        part.settings.spool.acknowledgements = acks;
        part.composer = composer_options{std::string(tests::hospital_address),
                                         "HOPITAL DEMO",
                                         "",
                                         "HOPITAL DEMO",
                                         "",
                                         "2.999.7",
                                         tests::paris(),
                                         tests::hospital_signer()};
        for (const auto& [address, rpps] : {std::pair("anne.roux@medecin.example", tests::second_doctor),
                                            std::pair("paul.vidal@medecin.example", tests::first_doctor)})
            add_doctor(address, rpps);
        set_basis("rules");
    }
    void set_basis(std::string basis)
    {
        store->write([&](ports::transaction& tx) { tx.save_facts_basis(basis); }).value();
    }
    purge_counts run(const std::function<bool()>& going = [] { return true; })
    {
        return purge.run(*store, with(), part, going).value();
    }
    void send()
    {
        for (const auto& id : due(100).value()) attempt(id, attempt_end::accepted);
    }
    std::size_t with_content()
    {
        std::size_t count = 0;
        for (const letter_row& letter : letters()) count += letter.document.empty() ? 0 : 1;
        return count;
    }
    std::vector<event_kind> told()
    {
        std::vector<event_kind> all;
        for (const event& one : ask([](ports::reader& r) { return r.retention().store_events(0, 100); }))
            all.push_back(one.kind);
        return all;
    }
};
}

TEST_CASE("a certificate whose file cannot be written holds no other letter up", "[purge]")
{
    purging_house h;
    h.drop("l.hl7", tests::mdm_file());
    tests::letter_order other;
    other.document = "2.999.7.418.1";
    other.set = "2.999.7.418";
    other.control_id = "DEMO000418";
    h.drop("m.hl7", tests::mdm_file(other));
    h.send();
    REQUIRE(h.letters().size() == 2);
    const std::string blocked = "l.hl7.certificat-" + h.letters().front().id.text() + "-C1.eml";
    fs::create_directories(h.acks / blocked / "in the way");
    h.clock.advance(8 * day);
    CHECK(h.run().letters == 1);
    CHECK(h.with_content() == 1);
    fs::remove_all(h.acks / blocked);
    CHECK(h.run().letters == 0);  // not its time yet
    SECTION("at its time")
    {
        h.clock.advance(10min);
    }
    SECTION("when a clock was ahead that is no longer")
    {
        h.clock.advance(-3h);
    }
    CHECK(h.run().letters == 1);
    CHECK(fs::is_regular_file(h.acks / blocked));
    CHECK(h.with_content() == 0);
}

TEST_CASE("a run that is to stop does so, and the next one goes on", "[purge]")
{
    purging_house h;
    h.drop("a.hl7", tests::adt_file());
    h.drop("l.hl7", tests::mdm_file());
    h.send();
    h.clock.advance(8 * day);
    CHECK(h.run([] { return false; }).certificates == 0);
    CHECK(h.told().empty());
    CHECK(h.run().letters == 1);
}

TEST_CASE("what came since the last record counts before its day is frozen, in the same run", "[purge][period]")
{
    purging_house h;
    h.drop("a.hl7", tests::adt_file());
    h.clock.advance(200 * day);
    SECTION("recorded, then frozen")
    {
        h.run();
        CHECK(h.told() == std::vector{event_kind::period_recorded, event_kind::traces_expired});
        CHECK(h.ask([](ports::reader& r) { return r.stays_after("", 10).empty(); }));
    }
    SECTION("neither while the facts are derived anew")
    {
        h.set_basis("");
        h.run();
        CHECK(h.told().empty());
        CHECK(h.ask([](ports::reader& r) { return r.stays_after("", 10).size(); }) == 1);
        h.set_basis("rules");
        h.run();
        CHECK(h.told().size() == 2);
    }
}

TEST_CASE("the bytes of mails that came back go with the run, however many they are", "[purge][returns]")
{
    purging_house h;
    constexpr int many = 201;
    std::vector<blob_id> contents;
    h.store
        ->write([&](ports::transaction& tx) {
            for (int i = 0; i < many; ++i) {
                const auto sealed = h.vault.seal("a report");
                contents.push_back(sealed.id);
                tx.add_blob(sealed);
                tx.returned().add({"key-" + std::to_string(i), h.clock.now(), {}, sealed.id});
            }
        })
        .value();
    const auto left = [&] {
        return h.ask([&](ports::reader& r) {
            std::size_t count = 0;
            for (const blob_id& id : contents) count += r.blob(id) ? 1 : 0;
            return count;
        });
    };
    h.clock.advance(7 * day);
    h.run();
    CHECK(left() == many);
    h.clock.advance(1ms);
    h.run();
    CHECK(left() == 0);
}

TEST_CASE("mailboxes without use are an operator's to end, if it keeps them itself", "[purge][idle]")
{
    purging_house h;
    h.store->write([](ports::transaction& tx) {
               tx.save_account({"roux", "anne.roux@medecin.example", "x", true});
           })
        .value();
    const auto life = [&] {
        return h.ask([](ports::reader& r) { return r.work().mailbox_uses().use_of("roux"); }).value().life;
    };
    h.clock.set(life().last_use + 365 * day);
    h.run();
    CHECK(state_of(life()) == mailbox_state::active);  // a hospital has none
    h.part.settings.hospital.address = std::string(tests::hospital_address);
    h.part.settings.roles.operator_ = true;
    h.part.settings.operator_.lmtp_socket = "/run/boites";
    CHECK_FALSE(app::keeps_mailboxes(h.part.settings));  // so a plan tells of none either
    h.run();
    CHECK(state_of(life()) == mailbox_state::active);
    h.part.settings.operator_.lmtp_socket.clear();
    h.run();
    CHECK(state_of(life()) == mailbox_state::warned);
    h.clock.advance(30 * day);
    h.run();
    CHECK(state_of(life()) == mailbox_state::closed);
    CHECK(h.told() == std::vector{event_kind::mailbox_warned, event_kind::mailbox_closed});
    h.run();
    CHECK(h.told().back() == event_kind::content_purged);
}

TEST_CASE("a mailbox that cannot be read holds nothing else up, and the run tells of it", "[purge][idle]")
{
    purging_house h;
    h.part.settings.hospital.address = std::string(tests::hospital_address);
    h.part.settings.roles.operator_ = true;
    h.drop("a.hl7", tests::adt_file());
    h.store->write([](ports::transaction& tx) {
               tx.save_account({"roux", "anne.roux@medecin.example", "x", true});
           })
        .value();
    h.clock.set(h.ask([](ports::reader& r) { return r.work().mailbox_uses().use_of("roux"); }).value().life.last_use +
                365 * day);
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open_v2(h.options.path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
    const int damaged = sqlite3_exec(database, "UPDATE account SET address = x'00'", nullptr, nullptr, nullptr);
    sqlite3_close(database);
    REQUIRE(damaged == SQLITE_OK);
    CHECK(h.purge.run(*h.store, h.with(), h.part, [] { return true; }).has_error());
    CHECK(h.told() == std::vector{event_kind::period_recorded, event_kind::traces_expired});
}
