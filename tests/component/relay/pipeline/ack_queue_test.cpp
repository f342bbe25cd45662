// Acknowledgements to the hospital's software, over a real store: told until they are answered, in order, once.
#include <catch2/catch.hpp>

#include "relay/pipeline/ack_queue.hpp"
#include "relay/pipeline/letter_details.hpp"
#include "relay/pipeline/reception.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using namespace std::chrono_literals;
using answer = ack_queue::answer;

namespace {
struct sent : tests::house {
    ack_queue queue{with(), retry_policy{10s, 60s, 24h}};
    delivery_id id;

    sent()
    {
        add_doctor("anne.roux@medecin.example", tests::second_doctor);
        drop("lettre.hl7", tests::mdm_file());
        id = only().id;
    }
    void tell(std::optional<reception_failure> failure)
    {
        store
            ->write([&](ports::transaction& tx) {
                queue_reception(tx, with(), *tx.delivery(id), clock.now(), failure, tests::paris());
            })
            .value();
    }
    std::vector<ack_queue::due_ack> due() { return queue.due(10).value(); }
    std::vector<ack_row> rows(ack_state state)
    {
        return ask([state](auto& r) { return r.acks_in(state, 100); });
    }
    static std::string reply(const std::string& code, const std::string& control_id)
    {
        return "MSH|^~\\&|DPI|HOP|RELAIS|HOP|20261120||ACK^Z02^ACK|1|T|2.6\rMSA|" + code + "|" + control_id + "\r";
    }
};
const std::optional<reception_failure> yes, no = reception_failure{550, "5.1.1"};
}

TEST_CASE("an acknowledgement does not wait for the hour of a clock that was ahead", "[acks]")
{
    sent h;
    h.tell(yes);
    REQUIRE(h.due().size() == 1);
    h.clock.advance(-std::chrono::hours(9));
    CHECK(h.due().size() == 1);
    h.clock.advance(9h - 80s);
    CHECK(h.due().empty());
}

TEST_CASE("an acknowledgement waits until its AA, with the same bytes each time", "[acks]")
{
    sent h;
    h.tell(yes);
    const auto first = h.due();
    REQUIRE(first.size() == 1);
    CHECK(first[0].content.find("|" + first[0].row.control_id + "|T|2.6|") != std::string::npos);
    const std::vector<std::pair<std::optional<std::string>, const char*>> not_yet{
        {std::nullopt, "no answer"},
        {sent::reply("AR", first[0].row.control_id), "later"},
        {sent::reply("AA", "something else"), "an answer to another one"},
        {"<html>", "no answer that can be read"},
        {"", "nothing"}};
    int attempts = 0;
    for (const auto& [reply, why] : not_yet) {
        CAPTURE(why);
        REQUIRE(h.due().size() == 1);
        CHECK(h.queue.answered(h.due()[0], reply).value() == answer::later);
        CHECK(h.due().empty());
        REQUIRE(h.rows(ack_state::waiting).size() == 1);
        CHECK(h.rows(ack_state::waiting)[0].attempts == ++attempts);
        h.clock.advance(80s);
        CHECK(h.due()[0].content == first[0].content);
    }
    CHECK(h.queue.answered(h.due()[0], sent::reply("AA", first[0].row.control_id)).value() == answer::taken);
    h.clock.advance(24h);
    CHECK(h.due().empty());
    const auto done = h.rows(ack_state::done);
    REQUIRE(done.size() == 1);
    CHECK(done[0].content.empty());
    CHECK(done[0].channel == ack_channel::mllp);
    CHECK(done[0].control_id == first[0].row.control_id);
}

TEST_CASE("AE parks, a person lets it go again", "[acks]")
{
    sent h;
    h.tell(yes);
    const auto one = h.due().at(0);
    CHECK(h.queue.answered(one, sent::reply("AE", one.row.control_id)).value() == answer::parked);
    h.clock.advance(24h);
    CHECK(h.due().empty());
    const auto counts = h.ask([](auto& r) { return r.counts(); });
    CHECK(counts.acks_parked == 1);
    CHECK(counts.acks_waiting == 0);
    CHECK_FALSE(h.queue.release("unknown").value());
    CHECK_FALSE(h.queue.release("").value());
    CHECK(h.queue.release(one.row.control_id).value());
    CHECK_FALSE(h.queue.release(one.row.control_id).value());
    CHECK(h.due().at(0).content == one.content);
    CHECK(h.ask([](auto& r) { return r.counts(); }).acks_waiting == 1);
}

TEST_CASE("one of each outcome; a correction has an id of its own, and waits for what it corrects", "[acks]")
{
    sent h;
    h.tell(yes);
    h.tell(yes);
    h.tell(no);
    h.tell(no);
    h.tell(yes);
    const auto all = h.rows(ack_state::waiting);
    REQUIRE(all.size() == 3);
    CHECK(all[0].outcome == ack_outcome::positive);
    CHECK(all[1].outcome == ack_outcome::negative);
    CHECK(all[2].outcome == ack_outcome::positive);
    CHECK(all[0].control_id != all[2].control_id);
    for (std::size_t i = 0; i < 3; ++i) {
        REQUIRE(h.due().size() == 1);
        CHECK(h.due()[0].row.sequence == all[i].sequence);
        // The one that was put off or parked does not keep the others back for ever; one that waits does.
        if (i == 0) {
            h.queue.answered(h.due()[0], std::nullopt).value();
            CHECK(h.due().empty());
            h.clock.advance(80s);
        }
        const auto one = h.due().at(0);
        h.queue.answered(one, sent::reply(i == 1 ? "AE" : "AA", one.row.control_id)).value();
    }
    CHECK(h.due().empty());
}

TEST_CASE("given up at its deadline: the code tells what kept it", "[acks]")
{
    struct row {
        cause why;
        int code;
    };
    for (const row& tc : {row{cause::no_mailbox, 550}, row{cause::mailbox_full, 422}, row{cause::untrusted_domain, 510},
                          row{cause::no_certificate, 554}, row{cause::peer_down, 441}, row{cause::expired, 420},
                          row{cause::reply_lost, 420}})
        CHECK(failure_without_reply(tc.why).smtp_code == tc.code);
}

TEST_CASE("what was told is known after a restart", "[acks]")
{
    sent h;
    h.tell(no);
    const auto before = h.due().at(0);
    h.queue.answered(before, sent::reply("AR", before.row.control_id)).value();
    h.open();
    ack_queue again(h.with(), {});
    h.clock.advance(80s);
    REQUIRE(again.due(10).value().size() == 1);
    CHECK(again.due(10).value()[0].row.control_id == before.row.control_id);
    CHECK(again.due(10).value()[0].content == before.content);
    h.tell(no);
    CHECK(h.rows(ack_state::waiting).size() == 1);
}

TEST_CASE("by files: written ones are done", "[acks]")
{
    sent h;
    h.tell(no);
    h.tell(yes);
    const auto waiting = h.queue.waiting(10).value();
    REQUIRE(waiting.size() == 2);
    CHECK(waiting[0].file_name == "lettre.hl7.z02-" + waiting[0].row.control_id + ".hl7");
    CHECK(waiting[0].content.find("550^") != std::string::npos);
    h.queue.written(waiting).value();
    CHECK(h.queue.waiting(10).value().empty());
    CHECK(h.rows(ack_state::done).at(0).channel == ack_channel::file);
    h.tell(yes);
    CHECK(h.queue.waiting(10).value().empty());
}

TEST_CASE("the refused shared record is told once, of a message that asked for answers", "[acks]")
{
    const auto told = [](const char* reception) {
        sent h;
        tests::letter_order order;
        order.document = "2.999.7.418.1";
        order.set = "2.999.7.418";
        order.control_id = "DEMO000418";
        order.reception = reception;
        h.clock.advance(1min);  // the newest
        h.drop("dmp.hl7", tests::mdm_file(order));
        const auto letter = h.letters().back();
        for (int i = 0; i < 2; ++i)
            h.store
                ->write([&](ports::transaction& tx) {
                    queue_shared_record_refusal(tx, h.with(), letter, h.clock.now(), tests::paris());
                })
                .value();
        return h.acks();
    };
    const auto asked = told("Y");
    REQUIRE(asked.size() == 1);
    CHECK(asked.begin()->first.starts_with("dmp.hl7.z01-"));
    CHECK(asked.begin()->second.find("ACK_RECEPTION_DMP^Accusé de réception DMP^AckMetierZAM|DEMO000418|N^^") !=
          std::string::npos);
    CHECK(asked.begin()->second.find("^DMP_ERROR_CODE\r") != std::string::npos);
    CHECK(told("N").empty());
}

TEST_CASE("one that cannot be opened is put aside for a person and keeps no other back", "[acks]")
{
    sent h;
    h.store
        ->write([](ports::transaction& tx) {
            ack_row damaged;
            damaged.file_name = damaged.content = "not sealed";
            tx.add_ack(damaged);
        })
        .value();
    h.tell(yes);
    CHECK(h.due().size() == 1);
    CHECK(h.rows(ack_state::parked).size() == 1);
}
