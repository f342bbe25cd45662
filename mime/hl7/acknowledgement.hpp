// mime/hl7/acknowledgement.hpp: what goes back to the hospital's software: the technical ACK (mssante.md §3.1) and the
// business acknowledgements ZAM^Z01 (one per message), ZAM^Z02 and ZAM^Z03 (one per recipient, §3.3), and the ACK it
// answers those with. Written in UTF-8 with the standard delimiters, segments ended by CR. Pure, safe from any thread.
// If read_header() finds no MSH, no acknowledgement can be addressed.
#pragma once

#include "mime/hl7/error.hpp"
#include "mime/hl7/header.hpp"
#include "mime/hl7/smtp_error_code.hpp"
#include "mime/text/sensitive.hpp"
#include "mime/text/timestamp.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mime::hl7 {
struct acknowledgement {
    std::string control_id;  // MSH-10 of ours
    timestamp written;       // MSH-7, with offset
    ack_code code = ack_code::AA;
    hl7_errors errors;  // for AE and AR; left out with AA
};

// ACK of the message `received`: AA only after durable storage.
[[nodiscard]] std::string write_ack(const message_header& received, const acknowledgement& ack);

// AE with `errors`, or AR if one of them is AR.
[[nodiscard]] acknowledgement refusal(std::string control_id, const timestamp& written, hl7_errors errors);

struct delivery_acknowledgement {
    std::string control_id;                  // MSH-10 of ours; kept when the same ZAM is sent again
    timestamp written;                       // MSH-7
    timestamp happened;                      // EVN-2: the DSN, the reply, or the deadline
    patient_text address;                    // the recipient's, PRT-15.4
    std::string recipient_id;                // OBX-4, RPPS of a professional; may be empty
    std::optional<smtp_error_code> failure;  // none: accepted
};

// ZAM^Z02^ZAM_Z01 v2.6 about one recipient of the document message `received`.
[[nodiscard]] std::string write_zam_z02(const message_header& received, const delivery_acknowledgement& delivery);

struct shared_record_acknowledgement {
    std::string control_id;
    timestamp written;
    timestamp happened;      // EVN-2: when it was decided
    std::string error_code;  // DMP_ERROR_CODE; empty: the record has it
    std::string error_label;
};

// ZAM^Z01^ZAM_Z01 v2.6: what became of the document in the shared record (DMP), once per message.
[[nodiscard]] std::string write_zam_z01(const message_header& received, const shared_record_acknowledgement& record);

struct reading_acknowledgement {
    std::string control_id;
    timestamp written;
    timestamp happened;             // EVN-2: the MDN
    patient_text address;           // of the mailbox that read, which forwarding may have changed
    std::string recipient_id;       // OBX-4; may be empty
    std::optional<int> error_code;  // applicationErrorCondition (§3.4); none: read or filed
};

// ZAM^Z03^ZAM_Z01 v2.6: one recipient has read the mail, or its software could not file it.
[[nodiscard]] std::string write_zam_z03(const message_header& received, const reading_acknowledgement& reading);

// Table applicationErrorCondition (HL70533, §3.4): the code itself if it is in the table, else 906.
[[nodiscard]] int application_error_code(std::optional<int> said) noexcept;

struct received_acknowledgement {
    ack_code code = ack_code::AE;
    std::string control_id;  // MSA-2
    int error = 0;           // ERR-3 of the first ERR (HL70357), 0 if there is none
};

// The ACK of the hospital's software to one of ours: MSA-1 (also CA, CE, CR of the enhanced mode) and MSA-2. Errors: no
// MSH, no MSA, or an MSA-1 that is in no table: then it was no answer.
[[nodiscard]] hl7_result<received_acknowledgement> read_acknowledgement(std::string_view octets);
}
