// mime/hl7/acknowledgement.hpp: what goes back to the hospital's software: the technical ACK (mssante.md §3.1) and the
// business acknowledgement ZAM^Z02, one per recipient (§3.3). Written in UTF-8 with the standard delimiters, segments
// ended by CR. Pure, safe from any thread. If read_header() finds no MSH, no acknowledgement can be addressed.
#pragma once

#include "mime/hl7/error.hpp"
#include "mime/hl7/header.hpp"
#include "mime/hl7/smtp_error_code.hpp"
#include "mime/text/sensitive.hpp"
#include "mime/text/timestamp.hpp"

#include <optional>
#include <string>

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
}
