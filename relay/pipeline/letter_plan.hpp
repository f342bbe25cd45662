// relay/pipeline/letter_plan.hpp: from submitted bytes, whatever their form, to one plan of a letter or of a movement,
// or to a coded refusal that names the field (domain.md §4 "Submission", mssante.md §2, cda.md §11). Pure: reads no
// store and no directory. Texts of refusals are French, name places and never hold a value of the patient.
#pragma once

#include <variant>

#include "mime/cda/checks.hpp"
#include "mime/hl7/error.hpp"
#include "mime/hl7/header.hpp"
#include "mime/hl7/profile.hpp"
#include "mime/sidecar/sidecar.hpp"
#include "relay/pipeline/letter_details.hpp"
#include "relay/pipeline/model.hpp"
#include "relay/pipeline/organisation.hpp"
#include "relay/pipeline/route.hpp"
#include "relay/pipeline/routing_matrix.hpp"
#include "relay/pipeline/stay_fold.hpp"
#include "relay/pipeline/submission.hpp"

namespace relay::pipeline {
enum class shared_record_policy {
    refuse,     // AE: the sender asks for what this site cannot do
    mail_only,  // accepted and mailed; the sender is told that the shared record got nothing (ZAM^Z01 = N)
};
enum class identifier_sets { must_agree, may_differ };

struct site_options {
    mime::zone zone;  // of services that are in no site
    mime::hl7::profile hl7;
    mime::sidecar::sidecar_defaults sidecar;
    mime::cda::site_environment environment = mime::cda::site_environment::production;
    std::uint64_t max_input_octets = 40U << 20U;
    std::string finess;  // of the establishment: namespace of stay numbers
    routing_matrix matrix = national_matrices().back();
    matrix_mode mode = matrix_mode::tolerant;
    shared_record_policy shared_record = shared_record_policy::refuse;  // for DESTDMP=Y, while there is no DMP link
    identifier_sets patient_ids = identifier_sets::must_agree;          // PID-3 and recordTarget
    stay_rules stays = {};
    organisation sites = {};

    // Of a service's site: its times without an offset, and its days (domain.md §3 rules 7, 11).
    [[nodiscard]] const mime::zone& zone_of(std::string_view service) const
    {
        const site_entry* found = sites.site_of(service);
        return found == nullptr ? zone : found->zone;
    }
};

struct discharge_fact {
    instant at{};
    discharge_quality quality = discharge_quality::exact;
    std::string flags;
};

// What a patient is matched by; only keyed HMACs of it are stored. Traits count when all four are there.
struct identity_fact {
    mime::patient_text ins;                             // matricule
    mime::patient_text family, given, birth_date, sex;  // birth name, first given name
};

struct stay_fact {
    std::string visit_number;  // PV1-19, encounter id or stay.number: identity when joined, so only hashed
    std::string file_number;   // PID-18
    std::string service;       // code
    std::string treating_rpps;
    std::optional<discharge_fact> discharge;
    std::optional<instant> admission;
    std::optional<instant> written;  // of the message or document that says all this
    identity_fact identity;
};

struct plan_document {
    std::string bytes;  // of the CDA, as sent or as written by us
    std::string document_id, set_id;
    int version = 1;
    std::string type_code;
    mime::cda::body_kind body = mime::cda::body_kind::non_xml;
    std::optional<std::string> parent_id;          // of the version it replaces, by its own header
    std::vector<mime::cda::check_outcome> checks;  // none of them blocks
};

struct handling_orders {  // of an HL7 message
    flag_values flags{};
    std::string row;  // of the matrix
};

struct plan_warning {
    std::string field;
    std::string text;  // French
};

struct letter_plan {
    submission_form form{};
    letter_operation operation = letter_operation::initial;
    std::optional<std::string> parent_id;  // the document that is replaced
    std::vector<plan_document> documents;  // never empty; a second one is the same letter in another body level
    std::optional<instant> signed_at;
    stay_fact stay;
    letter_details details;
    std::optional<handling_orders> orders;
    std::vector<plan_warning> warnings;
    std::vector<recipient> recipients;  // never empty; one with neither address nor RPPS is a NO_DOCTOR
};

struct movement_plan {
    stay_fact stay;
    std::optional<event_kind> what;  // none: accepted without effect (an update of what no clock depends on)
    std::string movement_id;         // ZBE-1
    movement_action action = movement_action::insert;
    std::optional<instant> at;  // of an admission or a transfer
    std::string patient_class;
};

struct refusal {
    std::string form;  // "hl7", "cda", "xdm", "pdf", "unknown"
    std::string code;  // "207", "C03", "unknown_key", ...
    std::string field;
    std::string message;                                // French: what is wrong and what to do
    mime::hl7::hl7_errors hl7;                          // for ERR segments, when the form is HL7
    std::vector<mime::cda::check_outcome> checks = {};  // of the document, when one of them refuses it
};

struct planned {
    std::variant<letter_plan, movement_plan, refusal> what;
    std::optional<mime::hl7::message_header> header;  // of an HL7 message whose MSH could be read
};

// MSH of an HL7 message, if it can be read; the rest is not looked at.
[[nodiscard]] std::optional<mime::hl7::message_header> header_of(const submission& from);

[[nodiscard]] planned plan_submission(const submission& from, const site_options& site, const route_policy& routes,
                                      instant now);
[[nodiscard]] refusal refuse_hl7(mime::hl7::hl7_errors errors);
}
