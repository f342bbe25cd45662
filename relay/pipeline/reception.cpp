#include "relay/pipeline/reception.hpp"

#include "mime/hl7/acknowledgement.hpp"

namespace relay::pipeline {
namespace hl7 = mime::hl7;

void queue_reception(ports::transaction& tx, const services& with, const delivery_row& row, instant happened,
                     const std::optional<reception_failure>& failure, const mime::zone& zone)
{
    const auto letter = tx.letter(row.letter);
    if (!letter || letter->form != submission_form::hl7_mdm) return;
    const auto opened = with.vault.open_field(field::letter_details, letter->details);
    const auto named = with.vault.open_field(field::recipient, row.recipient);
    if (!opened.has_value() || !named.has_value()) return;
    const letter_details details = read_details(*opened);
    if (!details.wants_reception) return;
    const recipient to = read_recipient(*named);
    hl7::message_header received;
    received.sending_application = details.sending_application;
    received.sending_facility = details.sending_facility;
    received.receiving_application = details.receiving_application;
    received.receiving_facility = details.receiving_facility;
    received.processing_id = details.processing_id;
    received.control_id = details.control_id;
    hl7::delivery_acknowledgement said;
    // Control id and file name come from the delivery, so that the same news is never told twice under two names.
    said.control_id = row.id.text().substr(0, 19) + (failure ? "N" : "Y");
    said.written = mime::local_timestamp(with.clock.now(), zone);
    said.happened = mime::local_timestamp(happened, zone);
    said.address = mime::patient_text(to.address);
    said.recipient_id = to.rpps;
    if (failure) said.failure = hl7::smtp_error_code_for(failure->smtp_code, failure->enhanced_status);
    ack_row ack;
    ack.file_name = with.vault.seal_field(
        field::ack_name, acknowledgement_name(details.source_name, ".z02-" + said.control_id + ".hl7"));
    ack.content = with.vault.seal_field(field::ack_content, hl7::write_zam_z02(received, said));
    tx.add_ack(ack);
}
}
