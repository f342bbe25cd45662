// relay/pipeline/reception.hpp: ZAM^Z02, the business acknowledgement to the hospital's software (mssante.md §3.3): one
// per recipient of an HL7 letter that asked for it, from the DSN or from a final failure. Queued in the same
// transaction as the event it tells, written to the ack folder later, under a name that stays the same.
#pragma once

#include "relay/pipeline/intake.hpp"

namespace relay::pipeline {
// No effect when the letter did not come by HL7 or did not ask. `failure`: the reply or status behind a final failure.
struct reception_failure {
    std::optional<int> smtp_code;
    std::string enhanced_status;
};
void queue_reception(ports::transaction& tx, const services& with, const delivery_row& row, instant happened,
                     const std::optional<reception_failure>& failure, const mime::zone& zone);
}
