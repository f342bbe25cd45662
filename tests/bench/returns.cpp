// How many reports a second the way from reception to commit takes in: delivery reports and receipts, each about
// another accepted letter of another patient, handed to the returns' sink by several threads as the SMTP listener does,
// over a store on disk with its ledger, facts, acknowledgements and raw bytes. Use: bench_returns LETTERS [THREADS]
#include <ctime>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "mime/report/dsn.hpp"
#include "relay/track/returns.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;

namespace {
const std::string roux = "anne.roux@medecin.example";

struct original {
    stay_row stay;
    letter_row letter;
    delivery_row delivery;
};

original accepted_letter(tests::house& house)
{
    house.add_doctor(roux, tests::second_doctor);
    tests::letter_order order;
    order.reading = "Y";
    house.drop("lettre.hl7", tests::mdm_file(order));
    const delivery_id id = house.only().id;
    house.attempt(id, attempt_end::accepted);
    const auto sent = house.ask([&](auto& r) { return r.delivery(id); }).value();
    const auto letter = house.ask([&](auto& r) { return r.letter(sent.letter); }).value();
    return {house.ask([&](auto& r) { return r.stay(letter.stay); }).value(), letter, sent};
}

// Rows and events of a letter that was accepted, of a patient and a stay of its own.
delivery_row add_copy(ports::transaction& tx, const original& from, instant now)
{
    stay_row stay = from.stay;
    stay.id = stay_id::make();
    for (std::string* key : {&stay.visit_key, &stay.file_key, &stay.identity_key, &stay.traits_key})
        if (!key->empty()) *key = relay::base::random_token();
    tx.save_stay(stay);
    letter_row letter = from.letter;
    letter.id = letter_id::make();
    letter.stay = stay.id;
    letter.set_key = letter.document_key = letter.source_name_key = relay::base::random_token();
    tx.save_letter(letter);
    event received;
    received.at = now;
    received.kind = event_kind::letter_received;
    received.letter = letter.id;
    tx.append(received);
    delivery_row row = from.delivery;
    row.id = delivery_id::make();
    row.letter = letter.id;
    row.set_key = letter.set_key;
    row.message_id = relay::base::random_token() + "@relais.example";
    row.envid = relay::base::random_token();
    row.mail = blob_id();
    row.state = delivery_state::received;
    row.attempts = 0;
    row.accepted_at.reset();
    for (const event_kind kind : {event_kind::routed, event_kind::attempt_started, event_kind::accepted}) {
        event next;
        next.at = now;
        next.kind = kind;
        if (kind == event_kind::accepted) next.facts.smtp_code = 250;
        record(tx, row, std::move(next));
    }
    return row;
}

std::string positive(const delivery_row& about)
{
    mime::report::dsn_message report;
    report.reporting_mta = "operateur.example";
    report.from = {"", "mailer-daemon@operateur.example"};
    report.to = tests::hospital_address;
    report.message_id = "r" + about.id.text() + "@operateur.example";
    report.boundary_token = about.id.text();
    report.original_envelope_id = about.envid;
    report.original.message_id = about.message_id;
    mime::report::dsn_recipient one;
    one.final_recipient = roux;
    one.action = mime::report::dsn_action::delivered;
    report.recipients.push_back(one);
    return mime::report::write_dsn(report).value();
}

std::string receipt(const delivery_row& about)
{
    return "Received: from mx.medecin.example by relais.hopital.example; Fri, 20 Nov 2026 15:00:00 +0100\r\nFrom: <" +
           roux + ">\r\nTo: <relais@hopital.example>\r\nSubject: XDM/1.0/DDM+Lettre\r\nMessage-ID: <mdn" +
           about.id.text() +
           "@medecin.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; "
           "report-type=disposition-notification; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: "
           "text/plain\r\n\r\nlu\r\n--x\r\n"
           "Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822;" +
           roux + "\r\nOriginal-Message-ID: <" + about.message_id +
           ">\r\nDisposition: automatic-action/MDN-sent-automatically; processed\r\n\r\n--x--\r\n";
}

double cpu_seconds()
{
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}
}

int main(int argc, char** argv)
{
    if (argc < 2) return 2;
    const long letters = std::atol(argv[1]);
    const int threads = argc > 2 ? std::atoi(argv[2]) : 16;
    tests::house house;
    const original from = accepted_letter(house);
    std::vector<std::string> mails;
    for (long made = 0; made < letters;) {
        house.store
            ->write([&](ports::transaction& tx) {
                for (int n = 0; n < 500 && made < letters; ++n, ++made) {
                    const delivery_row row = add_copy(tx, from, house.clock.now());
                    mails.push_back(made % 2 == 0 ? positive(row) : receipt(row));
                }
            })
            .value();
    }
    house.clock.advance(std::chrono::minutes(1));
    relay::track::returns returns(house.with(), {std::string(tests::hospital_address), tests::paris(), "", nullptr});
    std::atomic<std::size_t> next{0}, stored{0};
    const auto begun = std::chrono::steady_clock::now();
    const double cpu_before = cpu_seconds();
    {
        std::vector<std::jthread> all;
        for (int n = 0; n < threads; ++n)
            all.emplace_back([&] {
                for (std::size_t at = next++; at < mails.size(); at = next++)
                    if (returns.store({}, mails[at], {}) == ports::store_verdict::stored) ++stored;
            });
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    const double cpu = cpu_seconds() - cpu_before;
    const auto counts = house.ask([](auto& r) { return r.counts(); });
    const auto in = [&](delivery_state state) {
        const auto found = counts.deliveries.find(state);
        return found == counts.deliveries.end() ? 0 : found->second;
    };
    if (stored != mails.size() ||
        in(delivery_state::confirmed) + in(delivery_state::processed) != static_cast<std::int64_t>(mails.size())) {
        std::fprintf(stderr, "not every report was applied\n");
        return 1;
    }
    std::printf("returns_per_second\t%.0f\t/s\n", static_cast<double>(mails.size()) / seconds);
    std::printf("returns_cpu_ms\t%.3f\tms\n", cpu * 1000 / static_cast<double>(mails.size()));
    return 0;
}
