// Transmission certificates that wait: none holds another letter up (domain.md §10 rule 7).
#include <catch2/catch.hpp>

#include "purge_fixture.hpp"

using namespace purge_test;

TEST_CASE("however many letters wait for their certificate, the others go on", "[purge]")
{
    keeping h;
    constexpr std::size_t many = 501;
    h.store
        ->write([&](ports::transaction& tx) {
            for (std::size_t i = 0; i < many; ++i) {
                letter_row letter;
                letter.id = letter_id::make();
                letter.document_key = letter.set_key = "key-" + std::to_string(i);
                letter.type_code = "11490-0";
                letter.establishment = "990000010";
                letter.document = blob_id::make();
                letter.received_at = h.clock.now() + std::chrono::milliseconds(i);
                tx.save_letter(letter);
            }
        })
        .value();
    h.clock.advance(8 * day);
    SECTION("each has one")
    {
        CHECK(h.run().certificates == many);
        CHECK(h.run().waiting == many);
        auto one = h.purge();
        auto files = one.certificates(many).value();
        REQUIRE(files.size() == many);
        one.written({files.back()}).value();
        CHECK(h.run().letters == 1);
        CHECK(h.run().waiting == many - 1);
    }
    SECTION("a walk that is to stop stops at the next letter")
    {
        int asked = 0;
        CHECK(h.purge().run([&] { return ++asked <= 3; }).value().certificates == 3);
        CHECK(asked == 4);
    }
}

TEST_CASE("a certificate that cannot be written is put behind the others, and tried again ever later", "[purge]")
{
    keeping h;
    h.drop("l.hl7", tests::mdm_file());
    h.drop("r.hl7", tests::mdm_file(second_version("DEMO000418")));
    h.send();
    h.send();
    h.clock.advance(8 * day);
    REQUIRE(h.run().certificates == 2);
    auto one = h.purge();
    const auto next = [&] {
        const auto files = one.certificates(1).value();
        return files.empty() ? std::string() : files[0].row.control_id;
    };
    const auto failing = one.certificates(1).value();
    REQUIRE(failing.size() == 1);
    const std::string first = failing[0].row.control_id;
    one.put_off(failing).value();
    const auto other = one.certificates(1).value();
    REQUIRE(other.size() == 1);
    CHECK(other[0].row.control_id != first);
    one.written(other).value();
    for (const auto pause : {10min, 20min, 40min, 60min, 60min}) {
        CAPTURE(pause.count());
        h.clock.advance(pause - 1ms);
        CHECK(next().empty());
        h.clock.advance(1ms);
        REQUIRE(next() == first);
        one.put_off(failing).value();
    }
    h.clock.advance(60min);
    CHECK(h.run().letters == 1);
    one.written(failing).value();
    CHECK(h.run().letters == 1);  // it tells of all that happened, however late it was written
}
