// relay/pipeline/plan_hl7.hpp: the steps of plan_hl7_document: what the flags order, and whether message and document
// speak of the same thing. Internal to letter_plan; pure, any thread.
#pragma once

#include "mime/cda/document.hpp"
#include "mime/hl7/document_message.hpp"
#include "relay/pipeline/plan_parts.hpp"

namespace relay::pipeline {
// The matrix and the policy of the shared record: fills plan.orders. The flag's OBX is the place of a refusal.
[[nodiscard]] std::optional<refusal> take_orders(const plan_request& with, letter_plan& plan,
                                                 const mime::hl7::message& message,
                                                 const mime::hl7::document_message& read);

// The recipients the flags want. Held from the start: the minor's mailbox for what representatives must not see, and an
// address that is none of a patient. 207: a mailbox that is not the patient's own while INVISIBLE_REP_LEGAUX = Y.
[[nodiscard]] std::optional<refusal> take_recipients(const plan_request& with, letter_plan& plan,
                                                     const mime::hl7::document_message& read);

// Identifiers, type, document ids of the message against one of its documents (mssante.md §2.1, §2.3); all that is
// wrong at once. The patient's names, birth date and sex are compared by check C04. What the site tolerates goes to
// warnings.
[[nodiscard]] mime::hl7::hl7_errors differences(const plan_request& with, const mime::hl7::document_message& read,
                                                const mime::hl7::carried_document& carried,
                                                const mime::cda::header& header, std::vector<plan_warning>& warnings);
}
