// relay/pipeline/letter_details.hpp: what the submission said about a letter beside its document; kept as a sealed
// field of the letter row. The document itself (patient, dates, signatory) is read again from its CDA when the mail is
// composed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace relay::pipeline {
struct letter_details {
    std::string source_name;  // of the submitted file: names the acknowledgements
    // HL7 only: MSH of the message, for the acknowledgements that follow (mssante.md §3.3); empty otherwise.
    std::string sending_application, sending_facility, receiving_application, receiving_facility;
    std::string processing_id, control_id;
    bool wants_reception = false;      // ACK_RECEPTION = Y: a ZAM^Z02 per recipient
    bool wants_reading = false;        // ACK_LECTURE_MSS = Y: a ZAM^Z03 per reader
    std::string patient_class;         // PV1-2: contentTypeCode of METADATA
    std::string service_label;         // of the ward, for the body; empty if only its code is known
    std::string reply_to;              // PRT REPLY; empty: settings decide
    std::string body_text;             // CORPSMAIL_PS; empty: a default body
    std::vector<std::string> masking;  // MASQUE_PS, INVISIBLE_PATIENT, ...: confidentialityCode of METADATA
    std::string author_id, author_family, author_given;  // PRT SB: XDS author of the submission set
    std::string author_organisation, author_organisation_id;
    bool qualified_identity = false;     // PID-32 = VALI
    bool shared_record_refused = false;  // DESTDMP = Y, and this site has no DMP link: a ZAM^Z01 = N is due
    friend bool operator==(const letter_details&, const letter_details&) = default;
};

[[nodiscard]] std::string write_details(const letter_details& value);
[[nodiscard]] letter_details read_details(std::string_view text);  // of write_details; empty if damaged
}
