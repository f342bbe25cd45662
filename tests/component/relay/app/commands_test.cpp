// Commands that change a node, and what happens by time, over a real store and a real directory.
#include <catch2/catch.hpp>

#include <condition_variable>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

#include <boost/json/serialize.hpp>

#include "relay/app/commands.hpp"
#include "relay/app/control_commands.hpp"
#include "relay/app/housekeeper.hpp"
#include "relay/pipeline/ports/mailbox_use.hpp"
#include "relay/pipeline/ports/worklist.hpp"
#include "relay/routing/sqlite_directory.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay;
using namespace relay::pipeline;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {
const std::string roux = "anne.roux@medecin.example";

// The house with the product's own directory instead of the one in memory.
struct node : tests::house {
    std::unique_ptr<routing::sqlite_directory> listed;
    std::unique_ptr<pipeline::intake> in;
    std::unique_ptr<pipeline::outbound> out;
    int woken = 0;

    node()
    {
        routing::directory_options at;
        at.path = (place.path() / "directory.db").string();
        at.certificates_path = (place.path() / "certificates.db").string();
        listed = routing::sqlite_directory::open(at).value();
        in = std::make_unique<pipeline::intake>(real(), tests::site(), [] {});
        out = std::make_unique<pipeline::outbound>(real(), outbound_options{});
    }
    services real() { return {*store, vault, *listed, clock, routes, anchors}; }
    control::reply run(const std::string& command, boost::json::object arguments)
    {
        ack_queue acks(real(), {});
        return app::run_command({*store, *listed, in.get(), *out, acks, [this] { ++woken; }, {}, {}, {}},
                                {command, std::move(arguments)});
    }
    std::string write(const std::string& name, const std::string& text) const
    {
        std::ofstream(place.path() / name) << text;
        return (place.path() / name).string();
    }
};
}

TEST_CASE("certificates added by hand free what waits for them", "[commands]")
{
    node n;
    REQUIRE(n.in->accept(tests::dropped("a.hl7", tests::mdm_file())).what == verdict::accepted);
    CHECK(n.only().why == cause::no_certificate);
    const auto made = tests::mint_doctor(tests::minted_key::ec_p256, roux, tests::root());
    const auto done = n.run("certs.add", {{"pem", made.certificate}});
    REQUIRE(done.ok);
    CHECK(done.result.at("names").as_array().size() == 1);
    CHECK(done.result.at("released").to_number<int>() == 1);
    CHECK(n.only().state == delivery_state::queued);
    CHECK(n.run("certs.add", {{"pem", "garbage"}}).code == "CERTIFICATE_REFUSED");
    CHECK(n.run("certs.add", {}).code == "CERTIFICATE_REFUSED");
}

TEST_CASE("a directory that cannot be read leaves the old one", "[commands]")
{
    node n;
    CHECK(n.run("directory.import", {{"file", n.write("bad.txt", "nonsense\n")}}).code == "IMPORT_REFUSED");
    CHECK(n.run("directory.import", {{"file", "/nowhere"}}).code == "IMPORT_REFUSED");
}

TEST_CASE("mailboxes", "[commands]")
{
    node n;
    const auto add = [&](std::string user, std::string address, std::string password) {
        return n.run("mailbox.add",
                     {{"user", std::move(user)}, {"address", std::move(address)}, {"password", std::move(password)}});
    };
    CHECK(add("roux", roux, "12345678").ok);
    const auto account = n.ask([](auto& r) { return r.account_by_address(roux); });
    REQUIRE(account.has_value());
    CHECK(account->password_hash.starts_with("$argon2id$"));
    CHECK(add("roux", roux, "1234567").code == "BAD_ACCOUNT");
    CHECK(add("", roux, "12345678").code == "BAD_ACCOUNT");
    CHECK(add("roux", "no address", "12345678").code == "BAD_ADDRESS");
    CHECK(n.run("mailbox.reopen", {{"user", "roux"}}).code == "NOT_NEEDED");
    CHECK(n.run("mailbox.reopen", {{"user", "personne"}}).code == "UNKNOWN_USER");
    n.store
        ->write([](ports::transaction& tx) {
            auto& uses = tx.work().mailbox_uses();
            auto closed = uses.use_of("roux").value();
            closed.life.closed_at = closed.life.last_use;
            tx.work_changes().mailbox_use_changes().save_life(closed.account, closed.life);
        })
        .value();
    CHECK_FALSE(n.ask([](auto& r) { return r.account_by_address(roux); })->enabled);
    CHECK(n.run("mailbox.reopen", {{"user", "roux"}}).ok);
    CHECK(n.ask([](auto& r) { return r.account_by_address(roux); })->enabled);
}

TEST_CASE("what people say of the worklist, as commands", "[commands]")
{
    node n;
    work_desk desk(*n.store, n.clock, tests::site().stays);
    const auto run = [&](const std::string& command, boost::json::object arguments) {
        return app::run_work_command(desk, {command, std::move(arguments), "alice"});
    };
    REQUIRE(n.in->accept(tests::dropped("a.hl7", tests::adt_file())).what == verdict::accepted);
    n.clock.set(tests::local("20261120183000+0100"));
    const std::string stay = n.stays().front().id.text();
    CHECK_FALSE(run("unknown", {}).has_value());
    CHECK(run("assign", {{"item", stay}, {"to", "m.dupont"}, {"actor", "mallory"}})->ok);
    const auto events = n.ask([&](auto& r) { return r.events_of(stay_id(stay)); });
    CHECK(events.back().facts.actor == "alice");  // whom the socket knows, not what he says
    struct row {
        std::string command;
        boost::json::object arguments;
        std::string code;
    };
    const std::int64_t now = n.clock.now().time_since_epoch().count();
    const std::vector<row> table{
        {"assign", {{"item", "x"}, {"to", "y"}}, "UNKNOWN_ITEM"},
        {"assign", {{"item", stay}, {"to", "a b"}}, "BAD_NAME"},
        {"snooze", {{"item", stay}}, "BAD_TIME"},
        {"snooze", {{"item", stay}, {"until", "demain"}}, "BAD_TIME"},
        {"snooze", {{"item", stay}, {"until", now}}, "BAD_TIME"},
        {"snooze", {{"item", stay}, {"until", now + 1000}}, ""},
        {"done", {{"item", stay}, {"reason", ""}}, "UNKNOWN_CODE"},
        {"done", {{"item", stay}, {"reason", "CALLED"}}, ""},
        {"other-channel", {{"item", stay}, {"channel", "fax"}}, "UNKNOWN_ITEM"},
        {"exclude", {{"item", stay}, {"reason", "X"}}, "UNKNOWN_CODE"},
        {"exclude", {{"item", stay}, {"reason", ""}}, "NOT_NEEDED"},
        {"exclude", {{"item", stay}, {"reason", "TEST"}}, ""},
    };
    for (const row& tc : table) {
        CAPTURE(tc.command, boost::json::serialize(tc.arguments));
        const auto answer = run(tc.command, tc.arguments);
        REQUIRE(answer.has_value());
        CHECK(answer->ok == tc.code.empty());
        CHECK(answer->code == tc.code);
    }
    CHECK(n.stays().front().exclusion == "MANUAL");
}

TEST_CASE("cancel takes a submitted mail that waits, and nothing else", "[commands]")
{
    node n;
    REQUIRE(n.in->accept(tests::dropped("a.hl7", tests::mdm_file())).what == verdict::accepted);
    CHECK(n.run("cancel", {{"id", n.only().id.text()}}).code == "NOT_NEEDED");
    CHECK(n.run("cancel", {{"id", base::random_token()}}).code == "NOT_NEEDED");
    CHECK(n.run("cancel", {{"id", "' OR 1=1"}}).code == "UNKNOWN_ID");
    CHECK(n.run("cancel", {}).code == "UNKNOWN_ID");
    ports::mail_envelope from;
    from.reverse_path = roux;
    const ports::sealed_object sealed = n.vault.seal("Subject: x\r\n\r\n");
    REQUIRE(n.store
                ->write([&](ports::transaction& tx) {
                    tx.add_blob(sealed);
                    queue_submitted(tx, n.with(), from, {"b@ailleurs.example", {}, ""}, sealed);
                })
                .has_value());
    const auto waiting = n.ask([](auto& r) { return r.deliveries_in(delivery_state::queued, 10); });
    const auto mail = std::find_if(waiting.begin(), waiting.end(),
                                   [](const delivery_row& row) { return row.kind == delivery_kind::mail; });
    REQUIRE(mail != waiting.end());
    CHECK(n.run("cancel", {{"id", mail->id.text()}, {"actor", "root"}}).ok);
    CHECK(n.run("cancel", {{"id", mail->id.text()}}).code == "NOT_NEEDED");
    CHECK(n.run("requeue", {{"id", mail->id.text()}}).code == "NOT_NEEDED");
    CHECK(n.woken == 1);
}

TEST_CASE("requeue takes a letter or a delivery", "[commands]")
{
    node n;
    REQUIRE(n.in->accept(tests::dropped("a.hl7", tests::mdm_file())).what == verdict::accepted);
    const auto row = n.only();
    CHECK(n.run("requeue", {{"id", row.letter.text()}}).ok);
    CHECK(n.run("requeue", {{"id", row.id.text()}}).ok);
    CHECK(n.woken == 2);
    CHECK(n.run("requeue", {{"id", base::random_token()}}).code == "UNKNOWN_ID");
    CHECK(n.run("requeue", {{"id", "' OR 1=1"}}).code == "UNKNOWN_ID");
    CHECK(n.run("requeue", {}).code == "UNKNOWN_ID");
    CHECK(n.run("nonsense", {}).code == "UNKNOWN_COMMAND");
}

TEST_CASE("acknowledgements are written, then forgotten; one that cannot be written keeps no other back",
          "[housekeeper]")
{
    tests::house h;
    const fs::path acks = h.place.path() / "ack";
    ::mkdir(acks.c_str(), 0700);
    const auto queue = [&](const std::string& name) {
        REQUIRE(h.store
                    ->write([&](ports::transaction& tx) {
                        ack_row row;
                        row.file_name = h.vault.seal_field(field::ack_name, name);
                        row.content = h.vault.seal_field(field::ack_content, "MSH|" + name);
                        tx.add_ack(row);
                    })
                    .has_value());
    };
    queue("no/such/folder.hl7");
    for (int i = 0; i < 450; ++i) queue(std::to_string(i) + ".z03.hl7");  // more than are written at once
    queue("a.z02.hl7");
    const app::housekeeper::services all{{std::shared_ptr<void>(), h.intake.get()},
                                         {std::shared_ptr<void>(), h.outbound.get()},
                                         std::make_shared<ack_queue>(h.with(), retry_policy{})};
    app::housekeeper keeper([all] { return all; }, acks, [] {});
    keeper.start();
    keeper.stop();  // the last turn writes what is left
    std::string text;
    std::ifstream(acks / "a.z02.hl7") >> text;
    CHECK(text == "MSH|a.z02.hl7");
    CHECK(h.acks().size() == 1);
    CHECK(h.acks().contains("no/such/folder.hl7"));
}

TEST_CASE("init makes a node that nobody else can read, and check tells what is missing", "[commands]")
{
    tests::temporary_folder place;
    std::ostringstream out, err;
    const app::console to{out, err};
    const fs::path folder = place.path() / "node";
    REQUIRE(app::run_init(to, folder) == 0);
    for (const char* each : {"", "data", "spool", "ack"}) {
        struct stat info {};
        REQUIRE(::stat((folder / each).c_str(), &info) == 0);
        CHECK((info.st_mode & 0777U) == 0700U);
    }
    struct stat key {};
    REQUIRE(::stat((folder / "node.key").c_str(), &key) == 0);
    CHECK((key.st_mode & 0777U) == 0600U);
    std::ifstream before_file(folder / "node.key", std::ios::binary);
    const std::string before((std::istreambuf_iterator<char>(before_file)), {});
    REQUIRE(app::run_init(to, folder) == 0);  // again: nothing is overwritten
    std::ifstream after_file(folder / "node.key", std::ios::binary);
    CHECK(before == std::string((std::istreambuf_iterator<char>(after_file)), {}));
    CHECK(app::run_check(to, folder / "liaison.toml", {}) == app::exit_settings);
    const std::string told = err.str();
    for (const char* part : {"[tls]", "[trust] anchors", "[hospital] signing_certificate", "[hospital] signing_key"}) {
        CAPTURE(part, told);
        CHECK(told.find(part) != std::string::npos);
    }
    ::chmod((folder / "spool").c_str(), 0755);
    err.str("");
    CHECK(app::run_check(to, folder / "liaison.toml", {}) == app::exit_settings);
    CHECK(err.str().find("[spool] folder") != std::string::npos);
    CHECK(app::run_status(to, folder / "none.toml") == app::exit_settings);
}

TEST_CASE("letter warns of a deletion whose document is not the one that was sent", "[commands]")
{
    tests::temporary_folder place;
    std::ostringstream out, err;
    app::console to{out, err};
    const fs::path folder = place.path() / "node";
    REQUIRE(app::run_init(to, folder) == 0);
    std::vector<letter_row> letters;
    {
        tests::house h;
        const vault::node_vault vault(vault::load_node_key((folder / "node.key").string()).value());
        store::store_options at;
        at.path = (folder / "data" / "liaison.db").string();
        at.reserve_octets = 0;
        const auto store = store::open_store(at, vault).value();
        pipeline::intake in({*store, vault, h.directory, h.clock, h.routes, h.anchors}, tests::site(), [] {});
        REQUIRE(in.accept(tests::dropped("a.hl7", tests::mdm_file())).what == verdict::accepted);
        const tests::letter_order anew{.title = "Lettre", .control_id = "T04", .event = "T04"};
        REQUIRE(in.accept(tests::dropped("b.hl7", tests::mdm_file(anew))).what == verdict::accepted);
        const auto all = [&](ports::reader& r) { letters = r.letters_received(instant(), instant(9'000'000h)); };
        REQUIRE(store->read(all).has_value());
    }
    REQUIRE(letters.size() == 2);
    for (const letter_row& one : letters) {
        out.str("");
        REQUIRE(app::run_letter(to, folder / "liaison.toml", one.id.text()) == 0);
        const bool warned = out.str().find("n'a pas les octets de celui qui est parti") != std::string::npos;
        CHECK(warned == (one.operation == letter_operation::remove));
    }
}

TEST_CASE("queue and letter print no identity", "[commands][privacy]")
{
    tests::temporary_folder place;
    std::ostringstream out, err;
    app::console to{out, err};
    const fs::path folder = place.path() / "node";
    REQUIRE(app::run_init(to, folder) == 0);
    std::string letter;
    {
        tests::house h;
        const auto key = vault::load_node_key((folder / "node.key").string());
        REQUIRE(key.has_value());
        const vault::node_vault vault(*key);
        store::store_options at;
        at.path = (folder / "data" / "liaison.db").string();
        at.reserve_octets = 0;
        const auto store = store::open_store(at, vault).value();
        h.add_doctor(roux, tests::second_doctor);
        pipeline::intake in({*store, vault, h.directory, h.clock, h.routes, h.anchors}, tests::site(), [] {});
        REQUIRE(in.accept(tests::dropped("QUENTRELIN.hl7", tests::mdm_file())).what == verdict::accepted);
        CHECK(in.accept(tests::dropped_pair("QUENTRELIN.json",
                                            tests::replaced(tests::sidecar_file(), "\"ipp\"", "\"QUENTRELIN\"")))
                  .what == verdict::refused);
        REQUIRE(store
                    ->read([&](ports::reader& r) {
                        letter = r.letters_received(instant(), instant(9'000'000h)).at(0).id.text();
                    })
                    .has_value());
    }
    const fs::path settings = folder / "liaison.toml";
    out.str("");
    for (const app::output_format format :
         {app::output_format::table, app::output_format::csv, app::output_format::json}) {
        app::console here{out, err, app::language::french, format};
        CHECK(app::run_status(here, settings) == 0);
        CHECK(app::run_queue(here, settings, app::queue_view::all) == 0);
        CHECK(app::run_queue(here, settings, app::queue_view::rejected) == 0);
        CHECK(app::run_letter(here, settings, letter) == 0);
        for (const char* by : {"", "none", "service", "day", "hour-band"})
            CHECK(app::run_report(here, settings, {"2026-11-20", "2026-11-20", by, ""}) == 0);
        CHECK(app::run_report(here, settings, {"2026-11-20", "2026-11-20", "", "4410"}) == 0);
    }
    const std::string said = out.str();
    CHECK(said.find(letter) != std::string::npos);
    for (const char* mark : {"QUENTRELIN", "Ysoline", "YSOLINE", "1985", "285076900000095", "26011234", "anne.roux"}) {
        CAPTURE(mark);
        CHECK(said.find(mark) == std::string::npos);
    }
    CHECK(app::run_letter(to, settings, base::random_token()) == app::exit_failed);
    CHECK(app::run_letter(to, settings, "../etc") == app::exit_failed);
    CHECK(app::run_report(to, settings, {"2026-11-21", "2026-11-20", "", ""}) == 2);
    CHECK(app::run_report(to, settings, {"20 novembre", "2026-11-20", "", ""}) == 2);
    CHECK(app::run_report(to, settings, {"2026-11-20", "2026-11-20", "docteur", ""}) == 2);
}
