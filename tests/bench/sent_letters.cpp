#include "tests/bench/sent_letters.hpp"

#include <optional>
#include <stdexcept>

#include "mime/report/dsn.hpp"
#include "relay/base/ids.hpp"
#include "relay/pipeline/services.hpp"

namespace bench {
using namespace relay::pipeline;
namespace {
delivery_row new_delivery(const original& from, const letter_row& letter, instant now)
{
    delivery_row row;
    row.id = delivery_id::make();
    row.letter = letter.id;
    row.role = from.delivery.role;
    row.recipient_key = from.delivery.recipient_key;
    row.recipient = from.delivery.recipient;
    row.domain = from.delivery.domain;
    row.set_key = letter.set_key;
    row.version = letter.version;
    row.turn = turn_of(letter.version, letter.operation);
    row.created_at = row.next_try = now;
    row.deadline = from.delivery.deadline;
    row.last_deadline = from.delivery.last_deadline;
    row.addressee = from.delivery.addressee;
    return row;
}

void happen(ports::transaction& tx, delivery_row& row, event_kind kind, instant now)
{
    event next;
    next.at = now;
    next.kind = kind;
    if (kind == event_kind::accepted) next.facts.smtp_code = 250;
    record(tx, row, std::move(next));
}
}

original find_original(ports::store& store)
{
    std::optional<stay_row> stay;
    std::optional<letter_row> letter;
    std::vector<delivery_row> sent;
    const auto read = store.read([&](ports::reader& reader) {
        sent = reader.deliveries_in(delivery_state::accepted, 1);
        if (!sent.empty()) letter = reader.letter(sent.front().letter);
        if (letter) stay = reader.stay(letter->stay);
    });
    if (!read.has_value() || !stay) throw std::runtime_error("no accepted letter with a stay in the store");
    return {std::move(*stay), std::move(*letter), std::move(sent.front())};
}

delivery_row add_copy(ports::transaction& tx, const original& from, instant now, copy_state state)
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
    letter.received_at = now;
    tx.save_letter(letter);
    event received;
    received.at = now;
    received.kind = event_kind::letter_received;
    received.letter = letter.id;
    tx.append(received);
    delivery_row row = new_delivery(from, letter, now);
    happen(tx, row, event_kind::routed, now);
    if (state == copy_state::queued) return row;
    row.message_id = relay::base::random_token() + "@relais.example";
    row.envid = relay::base::random_token();
    happen(tx, row, event_kind::attempt_started, now);
    happen(tx, row, event_kind::accepted, now);
    return row;
}

std::string positive_report(const delivery_row& about, const report_route& route)
{
    mime::report::dsn_message report;
    report.reporting_mta = "operateur.example";
    report.from = {"", "mailer-daemon@operateur.example"};
    report.to = route.hospital;
    report.message_id = "r" + about.id.text() + "@operateur.example";
    report.boundary_token = about.id.text();
    report.original_envelope_id = about.envid;
    report.original.message_id = about.message_id;
    mime::report::dsn_recipient one;
    one.final_recipient = route.doctor;
    one.action = mime::report::dsn_action::delivered;
    report.recipients.push_back(one);
    return mime::report::write_dsn(report).value();
}

std::string receipt(const delivery_row& about, const report_route& route)
{
    return "Received: from mx.medecin.example by relais.hopital.example; Fri, 20 Nov 2026 15:00:00 +0100\r\nFrom: <" +
           route.doctor + ">\r\nTo: <" + route.hospital + ">\r\nSubject: XDM/1.0/DDM+Lettre\r\nMessage-ID: <mdn" +
           about.id.text() +
           "@medecin.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; "
           "report-type=disposition-notification; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: "
           "text/plain\r\n\r\nlu\r\n--x\r\n"
           "Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822;" +
           route.doctor + "\r\nOriginal-Message-ID: <" + about.message_id +
           ">\r\nDisposition: automatic-action/MDN-sent-automatically; processed\r\n\r\n--x--\r\n";
}
}
