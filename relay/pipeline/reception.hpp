// relay/pipeline/reception.hpp: the business acknowledgements to the hospital's software (ZAM, mssante.md §3.3): Z01
// once per message, Z02 and Z03 once per recipient, each only when the message asked for it. Queued in the same
// transaction as the event it tells, sent later (ack_queue.hpp). The same outcome is told once; another one is told as
// a correction, under an id of its own. No effect on a letter that did not come by HL7.
#pragma once

#include "mime/text/zone.hpp"
#include "relay/pipeline/services.hpp"

namespace relay::pipeline {
// Z02. `failure`: the reply or status behind a final failure.
struct reception_failure {
    std::optional<int> smtp_code;
    std::string enhanced_status;
};
// What is said of a delivery given up at its deadline or refused by ourselves: the code of its cause (§3.3, §3.5).
[[nodiscard]] reception_failure failure_without_reply(cause why);
// `smtp_code` 0: none was given.
[[nodiscard]] reception_failure failure_by_reply(int smtp_code, std::string enhanced_status);
void queue_reception(ports::transaction& tx, const services& with, const delivery_row& row, instant happened,
                     const std::optional<reception_failure>& failure, const mime::zone& zone);

// Other evidence than a DSN shows that it arrived after all, though a failure was told: the correction.
void correct_reception(ports::transaction& tx, const services& with, const delivery_row& row, instant happened,
                       const mime::zone& zone);

// Z03. `weak`: a deleted mail may or may not have been seen, so it is told only if nothing was before.
enum class reading_proof { certain, weak };
struct reading_report {
    std::string reader;        // the mailbox that read; empty: the recipient's own
    std::optional<int> error;  // applicationErrorCondition: the recipient's software could not file it
    reading_proof proof = reading_proof::certain;
};
void queue_reading(ports::transaction& tx, const services& with, const delivery_row& row, instant happened,
                   const reading_report& report, const mime::zone& zone);

// Z01 = N: the shared record (DMP) was asked for, and this relay sends mail only.
void queue_shared_record_refusal(ports::transaction& tx, const services& with, const letter_row& letter,
                                 instant happened, const mime::zone& zone);
}
