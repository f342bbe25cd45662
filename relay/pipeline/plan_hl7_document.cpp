#include "mime/hl7/document_message.hpp"
#include "relay/pipeline/plan_hl7.hpp"

namespace relay::pipeline {
namespace hl7 = mime::hl7;
namespace {
letter_details details_of(const hl7::document_message& message)
{
    letter_details d;
    d.sending_application = message.header.sending_application;
    d.sending_facility = message.header.sending_facility;
    d.receiving_application = message.header.receiving_application;
    d.receiving_facility = message.header.receiving_facility;
    d.processing_id = message.header.processing_id;
    d.control_id = message.header.control_id;
    d.wants_reception = message.flags.acknowledge_reception;
    d.wants_reading = message.flags.acknowledge_reading;
    d.patient_class = message.visit.patient_class;
    d.service_label = message.visit.service_name;
    if (message.reply_to) d.reply_to = message.reply_to->reveal();
    if (message.body_for_professionals) d.body_text = message.body_for_professionals->reveal();
    if (message.flags.masked_from_professionals) d.masking.emplace_back("MASQUE_PS");
    if (message.flags.invisible_to_patient) d.masking.emplace_back("INVISIBLE_PATIENT");
    if (message.flags.invisible_to_representatives) d.masking.emplace_back("INVISIBLE_REPRESENTANTS_LEGAUX");
    d.qualified_identity = message.patient.reliability == "VALI" && message.patient.ins.has_value();
    if (message.sender && message.sender->person) {
        d.author_id = message.sender->person->id.reveal();
        d.author_family = message.sender->person->family.reveal();
        d.author_given = message.sender->person->given.reveal();
    }
    if (message.sender && message.sender->organisation) {
        d.author_organisation = message.sender->organisation->name;
        d.author_organisation_id = message.sender->organisation->id;
    }
    return d;
}

std::vector<plan_warning> warnings_of(const hl7::document_message& read)
{
    std::vector<plan_warning> all;
    for (const hl7::hl7_warning& one : read.warnings) all.push_back({one.location, one.text});
    return all;
}

letter_operation operation_of(hl7::operation what)
{
    switch (what) {
        case hl7::operation::initial: return letter_operation::initial;
        case hl7::operation::replace: return letter_operation::replace;
        case hl7::operation::remove: return letter_operation::remove;
    }
    return letter_operation::initial;
}

mime::cda::message_identity identity_of(const hl7::patient& from)
{
    mime::cda::message_identity said;
    if (from.ins) said.ins = mime::cda::patient_id{from.ins->authority_id, from.ins->value};
    said.reliability = from.reliability;
    said.birth_family = from.birth_name.family;
    said.birth_given = from.birth_name.given;
    if (from.used_name) said.used_family = from.used_name->family;
    said.birth_date = from.birth_date;
    said.sex = from.sex;
    return said;
}

// Patients get no clinical copy named in the document: only the professionals are compared (check T06).
mime::cda::check_context context_of(const plan_request& with, const hl7::document_message& message)
{
    mime::cda::check_context context = context_of(with);
    context.identity = identity_of(message.patient);
    context.names_referrer = message.visit.has_referrer;
    context.discharge = message.visit.discharge;
    auto& addressees = context.addressees.emplace();
    for (const hl7::recipient& named : message.recipients) {
        if (named.kind == hl7::recipient_kind::patient) continue;
        addressees.push_back({named.person ? named.person->rpps : std::string(), named.address.reveal()});
    }
    return context;
}

std::optional<refusal> take_carried(const plan_request& with, const mime::cda::check_context& context,
                                    letter_plan& plan, const hl7::document_message& read,
                                    hl7::carried_document& carried)
{
    auto taken = take_document(with, plan, std::move(carried.bytes), "hl7", context, carried.location);
    if (auto* why = std::get_if<refusal>(&taken)) return std::move(*why);
    const auto& document = std::get<mime::cda::cda_document>(taken);
    auto wrong = differences(with, read, carried, document.header(), plan.warnings);
    if (!wrong.empty()) return refuse_hl7(std::move(wrong));
    return std::nullopt;
}

// ORU may carry the same content twice, once as N1 and once as N3, each under an id of its own (mssante.md §1.2).
std::optional<refusal> check_two(const letter_plan& plan, const hl7::document_message& read)
{
    if (plan.documents.size() < 2) return std::nullopt;
    const plan_document &one = plan.documents[0], &other = plan.documents[1];
    const char* wrong = nullptr;
    if (one.document_id == other.document_id)
        wrong = "les deux documents portent le même ClinicalDocument/id";
    else if (one.body == other.body)
        wrong =
            "deux documents du même niveau : un message n'en porte deux que pour un même contenu, en CDA N1 et en N3";
    else if (one.type_code != other.type_code)
        wrong = "les deux documents ne sont pas du même type : un message porte un seul contenu";
    if (wrong == nullptr) return std::nullopt;
    return refuse("hl7", "207", read.documents[1].location, wrong);
}

std::optional<std::string> parent_of(const letter_plan& plan)
{
    return plan.operation == letter_operation::replace ? plan.documents.front().parent_id : std::nullopt;
}
}

letter_or_refusal plan_hl7_document(const plan_request& with, const hl7::message& message)
{
    auto read = hl7::read_document_message(message, with.site.hl7);
    if (!read.has_value()) return refuse_hl7(read.error());
    letter_plan plan;
    plan.form = submission_form::hl7_mdm;
    plan.details = details_of(*read);
    plan.stay.visit_number = number_of(read->visit.number);
    plan.stay.file_number = number_of(read->patient.file_number);
    plan.stay.service = code_or_nothing(read->visit.service);
    const mime::zone& where = with.site.zone_of(plan.stay.service);
    plan.stay.discharge = discharge_of(read->visit.discharge, discharge_quality::document, where);
    plan.stay.admission = instant_of(read->visit.admission, where);
    plan.stay.identity = identity_of(read->patient, with.site.hl7);
    plan.operation = operation_of(read->what);
    plan.warnings = warnings_of(*read);
    const mime::cda::check_context context = context_of(with, *read);
    for (hl7::carried_document& carried : read->documents)
        if (auto why = take_carried(with, context, plan, *read, carried)) return std::move(*why);
    if (auto why = check_two(plan, *read)) return std::move(*why);
    plan.parent_id = parent_of(plan);
    if (auto why = take_orders(with, plan, message, *read)) return std::move(*why);
    if (auto why = take_recipients(with, plan, *read)) return std::move(*why);
    return plan;
}
}
