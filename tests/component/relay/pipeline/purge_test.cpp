// Content at its term over a real store: certified first, destroyed with its keys, the ledger intact, what comes later
// still understood (domain.md §10 rule 7).
#include <catch2/catch.hpp>

#include "mime/smime/open.hpp"
#include "purge_fixture.hpp"

using namespace purge_test;

TEST_CASE("content goes at its term, after its certificate is written", "[purge]")
{
    keeping h;
    h.deliver();
    const instant accepted = *h.only().accepted_at;
    h.clock.set(accepted + 7 * day - 1ms);
    CHECK(h.candidates() == 0);
    CHECK(h.candidates(purge_scope::all) == 1);
    CHECK(h.run().certificates == 0);
    h.clock.set(accepted + 7 * day);
    CHECK(h.candidates() == 1);
    CHECK(h.run().certificates == 1);
    CHECK(h.run().certificates == 0);  // the same one waits
    CHECK(h.run().letters == 0);
    CHECK(h.acks().empty());  // certificates go by files, whatever the channel of the others
    CHECK_FALSE(h.letters().front().document.empty());

    const auto files = h.write_certificates();
    REQUIRE(files.size() == 1);
    CHECK(files[0].name == "l.hl7.certificat-" + h.letters().front().id.text() + "-C1.eml");
    const purge_counts done = h.run();
    CHECK(done.letters == 1);
    CHECK(done.objects == 2);
    CHECK(h.candidates(purge_scope::all) == 0);
    CHECK(h.write_certificates().empty());
    CHECK(h.letters().front().document.empty());
    CHECK(h.only().mail.empty());
    CHECK(h.only().state == delivery_state::accepted);
    CHECK(h.store->verify_ledger().value() == std::nullopt);
    const auto history = h.letter_events(h.letters().front().id);
    CHECK(history.back().kind == event_kind::content_expired);
    REQUIRE(h.store_events().size() == 1);
    CHECK(h.store_events()[0].facts.flags.find("letters=1 others=0 objects=2 octets=") == 0);
    CHECK(h.store_events()[0].facts.evidence == history.back().facts.evidence);  // the page is this letter
    CHECK(h.run().has_destroyed() == false);
    CHECK(h.store_events().size() == 1);
}

TEST_CASE("a certificate says who sent what, to whom, with which proof, and is signed", "[purge]")
{
    keeping h;
    h.drop("l.hl7", tests::mdm_file());
    h.send();
    const std::string sha256 = h.letters().front().content_sha256;
    const auto proof = h.events(h.only().id);
    h.clock.advance(8 * day);
    h.run();
    const auto files = h.write_certificates();
    REQUIRE(files.size() == 1);
    const auto at = std::chrono::floor<std::chrono::seconds>(h.clock.now());
    const auto opened = mime::smime::open_signed(files[0].content, h.anchors, at, "");
    REQUIRE(opened.has_value());
    CHECK(opened->layers == std::vector{mime::smime::protection::signed_multipart});
    // The two parts are base64.
    std::string text;
    for (std::size_t from = opened->entity.find("base64\r\n\r\n"); from != std::string::npos;
         from = opened->entity.find("base64\r\n\r\n", from)) {
        from += 10;
        text += mime::base64_decode(opened->entity.substr(from, opened->entity.find("\r\n--", from) - from)).value();
    }
    for (const std::string& wanted : {sha256, std::string("2.999.7.417.1"), std::string("2.999.7.417"), roux,
                                      std::string("DEMO000417"), std::to_string(proof.back().sequence)}) {
        CAPTURE(wanted);
        CHECK(text.find(wanted) != std::string::npos);
    }
    for (const char* never : {"QUENTRELIN", "285076900000095"}) CHECK(text.find(never) == std::string::npos);
}

TEST_CASE("nothing on the disk opens what was destroyed", "[purge]")
{
    keeping h;
    const bool beside = GENERATE(false, true);
    if (beside) h.options.row_octets = 1;
    h.open();
    for (int i = 0; i < 40; ++i) {
        tests::letter_order order;
        order.document = "2.999.7." + std::to_string(500 + i) + ".1";
        order.set = "2.999.7." + std::to_string(500 + i);
        order.control_id = "DEMO" + std::to_string(500 + i);
        h.drop("l" + std::to_string(i) + ".hl7", tests::mdm_file(order));
    }
    h.send();
    std::vector<std::string> secrets;
    for (const letter_row& letter : h.letters()) {
        secrets.push_back(h.wrapped_key(letter.document));
        secrets.push_back(letter.details.substr(0, 40));
    }
    for (const delivery_row& row : h.deliveries()) secrets.push_back(h.wrapped_key(row.mail));
    REQUIRE(secrets.size() == 120);
    std::size_t found = 0;
    const std::string before = h.raw();
    for (const std::string& secret : secrets) found += before.find(secret) != std::string::npos ? 1 : 0;
    REQUIRE(found == secrets.size());  // the search finds what is there
    h.clock.advance(8 * day);
    CHECK(h.run_all().letters == 40);
    REQUIRE(h.store->empty_log().value() == relay::store::log_state::emptied);
    const std::string after = h.raw();
    for (const std::string& secret : secrets) CHECK(after.find(secret) == std::string::npos);
    CHECK(h.store->verify_ledger().value() == std::nullopt);
    if (beside) {  // the files went too, but the newest
        h.open();
        std::size_t files = 0;
        for (const auto& entry : std::filesystem::directory_iterator(h.place.path()))
            if (entry.path().filename().string().find("-objects-") != std::string::npos) ++files;
        CHECK(files <= 1);
    }
}

TEST_CASE("what comes after the content went is still understood", "[purge]")
{
    keeping h;
    h.drop("l.hl7", tests::mdm_file());
    h.send();
    h.clock.advance(8 * day);
    h.run_all();
    const letter_id first = h.letters().front().id;
    CHECK_FALSE(h.outbound->requeue(h.only().id).value());

    SECTION("the same message again gets the same answer, and no second mail")
    {
        CHECK(h.drop("l.hl7", tests::mdm_file()).what == verdict::accepted);
        CHECK(h.deliveries().size() == 1);
        CHECK(h.letters().front().document.empty());
    }
    SECTION(
        "the same document for somebody new brings its content, which goes at its term, with a certificate of its own")
    {
        h.drop("m.hl7", tests::mdm_file(for_vidal()));
        REQUIRE(h.deliveries().size() == 2);
        CHECK(h.letters().size() == 1);
        CHECK_FALSE(h.letters().front().document.empty());
        h.send();
        CHECK(h.deliveries()[0].state == delivery_state::accepted);
        CHECK(h.deliveries()[1].state == delivery_state::accepted);
        h.clock.advance(7 * day);
        h.run();
        const auto files = h.write_certificates();
        REQUIRE(files.size() == 1);
        CHECK(files[0].name == "m.hl7.certificat-" + first.text() + "-C2.eml");
        CHECK(h.run().letters == 1);
        CHECK(h.store_events().size() == 2);
    }
    SECTION("a replacement says so")
    {
        h.drop("r.hl7", tests::mdm_file(second_version("DEMO000418")));
        REQUIRE(h.letters().size() == 2);
        CHECK(h.letters()[1].version == 2);
        CHECK(h.letters()[1].set_key == h.letters()[0].set_key);
        h.send();
        CHECK(h.deliveries()[1].state == delivery_state::accepted);
    }
    SECTION("a deletion leaves with its own document")
    {
        tests::letter_order order;
        order.event = "T04";
        order.control_id = "DEMO000419";
        h.drop("d.hl7", tests::mdm_file(order));
        REQUIRE(h.deliveries().size() == 2);
        h.send();
        CHECK(h.deliveries()[1].state == delivery_state::accepted);
    }
}

TEST_CASE("the longest that content is kept: 30 days, though a delivery is open", "[purge]")
{
    keeping h;
    tests::letter_order order;
    order.address = "jean.inconnu@medecin.example";  // no certificate: held
    h.drop("l.hl7", tests::mdm_file(order));
    REQUIRE(h.only().state == delivery_state::held);
    const instant received = h.letters().front().received_at;
    h.clock.set(received + 30 * day - 1ms);
    h.run_all();
    CHECK_FALSE(h.letters().front().document.empty());
    h.clock.set(received + 30 * day);
    h.run_all();
    CHECK(h.letters().front().document.empty());
    CHECK(h.only().state == delivery_state::undeliverable);
}

TEST_CASE("a requeue between certificate and destruction keeps the content", "[purge]")
{
    keeping h;
    h.drop("l.hl7", tests::mdm_file());
    h.attempt(h.only().id, attempt_end::permanent, 550, cause::no_mailbox);
    h.clock.advance(8 * day);
    h.run();
    h.write_certificates();
    REQUIRE(h.outbound->requeue(h.only().id).value());
    CHECK(h.run().letters == 0);
    CHECK_FALSE(h.letters().front().document.empty());
    h.send();
    CHECK(h.only().state == delivery_state::accepted);
    h.clock.advance(7 * day);
    CHECK(h.run().letters == 0);  // the certificate of before knows nothing of the acceptance
    const auto files = h.write_certificates();
    REQUIRE(files.size() == 1);
    CHECK(files[0].name.ends_with("-C2.eml"));
    CHECK(h.run().letters == 1);
}

TEST_CASE("a delivery begun after the content's term has time of its own", "[purge]")
{
    keeping h;
    h.drop("l.hl7", tests::mdm_file());
    h.send();
    h.clock.advance(40 * day);
    h.run_all();
    REQUIRE(h.letters().front().document.empty());
    h.drop("m.hl7", tests::mdm_file(for_vidal()));
    REQUIRE(h.deliveries().size() == 2);
    h.run_all();
    CHECK_FALSE(h.letters().front().document.empty());
    h.send();
    CHECK(h.deliveries()[1].state == delivery_state::accepted);
}

TEST_CASE("what was given up and is not there any more does not leave when its certificate comes", "[purge]")
{
    keeping h;
    tests::letter_order order;
    order.address = "jean.inconnu@medecin.example";
    h.drop("l.hl7", tests::mdm_file(order));
    h.clock.advance(30 * day);
    h.run_all();
    REQUIRE(h.only().state == delivery_state::undeliverable);
    REQUIRE(h.letters().front().document.empty());
    h.add_doctor(order.address, order.rpps);
    REQUIRE(h.intake->route_again().has_value());
    CHECK(h.only().state == delivery_state::undeliverable);
}

TEST_CASE("refused files keep their bytes for 30 days", "[purge]")
{
    keeping h;
    h.drop("bad.hl7", "MSH|^~\\&|nothing\r");
    REQUIRE(h.refusals().size() == 1);
    REQUIRE_FALSE(h.refusals()[0].content.empty());
    h.clock.advance(30 * day - 1ms);
    CHECK(h.run().others == 0);
    h.clock.advance(1ms);
    CHECK(h.run().others == 1);
    REQUIRE(h.refusals().size() == 1);
    CHECK(h.refusals()[0].content.empty());
    CHECK(h.refusals()[0].source_name.empty());
    CHECK(h.store_events().size() == 1);
}

TEST_CASE("after a death between two steps the purge goes on where it was", "[purge]")
{
    keeping h;
    h.drop("l.hl7", tests::mdm_file());
    h.send();
    h.clock.advance(8 * day);
    h.run();
    h.open();  // the certificate was queued, not written
    auto files = h.purge().certificates(10).value();
    REQUIRE(files.size() == 1);
    const std::string name = files[0].name;
    h.open();  // written, and not told
    CHECK(h.run().letters == 0);
    files = h.write_certificates();
    REQUIRE(files.size() == 1);
    CHECK(files[0].name == name);
    h.open();  // told, and nothing destroyed
    CHECK(h.run().letters == 1);
    h.open();
    CHECK(h.run().has_destroyed() == false);
}
