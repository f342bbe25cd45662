// relay/pipeline/plan_parts.hpp: what the plan_*.cpp share: one planner per form of submission, and what every form
// takes from its document. Internal to letter_plan; pure, any thread.
#pragma once

#include "mime/cda/document.hpp"
#include "mime/hl7/message.hpp"
#include "mime/hl7/patient.hpp"
#include "relay/pipeline/letter_plan.hpp"

namespace relay::pipeline {
struct plan_request {  // borrows all of it
    const submission& from;
    const site_options& site;
    const route_policy& routes;
    instant now;
};

using letter_or_refusal = std::variant<letter_plan, refusal>;
using movement_or_refusal = std::variant<movement_plan, refusal>;

// One per form.
[[nodiscard]] letter_or_refusal plan_hl7_document(const plan_request& with, const mime::hl7::message& message);
[[nodiscard]] movement_or_refusal plan_hl7_movement(const plan_request& with, const mime::hl7::message& message);
[[nodiscard]] letter_or_refusal plan_cda_file(const plan_request& with);
[[nodiscard]] letter_or_refusal plan_sidecar(const plan_request& with);
[[nodiscard]] letter_or_refusal plan_xdm(const plan_request& with);

// What the checks know of the site and the present; a form adds what its message says beside the document.
[[nodiscard]] mime::cda::check_context context_of(const plan_request& with);

using document_or_refusal = std::variant<mime::cda::cda_document, refusal>;
// Reads and checks one document, appends it to the plan and gives it back, so that nobody reads it twice. From the
// first it fills what a letter has once: the signature's instant, and of the stay what the message did not say.
// `place`: of the OBX, for HL7.
[[nodiscard]] document_or_refusal take_document(const plan_request& with, letter_plan& plan, std::string bytes,
                                                std::string form, const mime::cda::check_context& context,
                                                std::string_view place = {});

// Where no message says it: a document that names the one it replaces is a replacement.
void take_operation(letter_plan& plan);

// A document without message has no addressees of its own: the treating doctor, and the professionals it names, by RPPS
// only.
void take_named_recipients(letter_plan& plan, const mime::cda::header& header);
void take_stay_class(letter_plan& plan, const mime::cda::header& header);  // PV1-2 of the same stay

// `form` "hl7" also fills the error for the ERR segment, 207.
[[nodiscard]] refusal refuse(std::string form, std::string code, std::string field, std::string message);
// A fault inside a document: its place there, and for HL7 that of the OBX that holds it.
[[nodiscard]] refusal refuse_document(std::string form, std::string_view place, std::string code,
                                      const std::string& field, const std::string& text);
// None if the address is empty or its domain trusted.
[[nodiscard]] std::optional<refusal> refuse_domain(const route_policy& routes, const recipient& to, std::string form,
                                                   std::string field);

// Joins two descriptions of one mailbox.
void add_recipient(std::vector<recipient>& all, recipient next);

// None without a day.
[[nodiscard]] std::optional<discharge_fact> discharge_of(const std::optional<mime::timestamp>& at,
                                                         discharge_quality quality, const mime::zone& zone);
[[nodiscard]] std::optional<instant> instant_of(const std::optional<mime::timestamp>& at, const mime::zone& zone);
[[nodiscard]] std::string number_of(const std::optional<mime::hl7::patient_identifier>& from);
// Empty for an identity that stands for nobody in particular.
[[nodiscard]] identity_fact identity_of(const mime::hl7::patient& patient, const mime::hl7::profile& profile);
[[nodiscard]] bool is_code(std::string_view text);
// A ward's name in the place of its code is not kept: it may tell what the patient suffers from (domain.md §10.4).
[[nodiscard]] std::string code_or_nothing(const std::string& text);
}
