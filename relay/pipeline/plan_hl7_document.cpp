#include "mime/hl7/document_message.hpp"
#include "relay/pipeline/plan_parts.hpp"

namespace relay::pipeline {
namespace hl7 = mime::hl7;
namespace {
recipient_role role_of(hl7::recipient_kind kind)
{
    switch (kind) {
        case hl7::recipient_kind::professional: return recipient_role::professional;
        case hl7::recipient_kind::organisation:
        case hl7::recipient_kind::application: return recipient_role::organisation;
        case hl7::recipient_kind::patient: return recipient_role::patient;
    }
    return recipient_role::professional;
}

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

bool wanted(const hl7::handling_flags& flags, hl7::recipient_kind kind)
{
    if (kind != hl7::recipient_kind::patient) return flags.to_professionals;
    return flags.to_patient && !flags.invisible_to_patient;  // hard rule of mssante.md §2.6
}

recipient recipient_of(const hl7::recipient& named)
{
    recipient to{named.address.reveal(), "", "", "", role_of(named.kind)};
    if (named.person) {
        to.rpps = named.person->rpps;
        to.family = named.person->family.reveal();
        to.given = named.person->given.reveal();
    } else if (named.organisation) {
        to.family = named.organisation->name;
    }
    return to;
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

std::string text_of(const hl7::document_id& id)
{
    return id.extension.empty() ? id.root : id.root + "^" + id.extension;
}

std::optional<refusal> take_carried(const plan_request& with, letter_plan& plan, hl7::carried_document& carried)
{
    if (auto why = take_document(with, plan, std::move(carried.bytes), "hl7", carried.location)) return why;
    if (const std::string said = text_of(carried.id); !said.empty() && said != plan.documents.back().document_id)
        return refuse("hl7", "207", "TXA^1^12", "TXA-12 et ClinicalDocument/id désignent deux documents différents");
    return std::nullopt;
}

std::optional<refusal> take_recipients(const plan_request& with, letter_plan& plan, const hl7::document_message& read)
{
    for (const hl7::recipient& named : read.recipients) {
        if (!wanted(read.flags, named.kind)) continue;
        if (named.refusal) return refuse_hl7({*named.refusal});
        recipient to = recipient_of(named);
        if (auto why = refuse_domain(with.routes, to, "hl7", named.location + "^15^1^4")) return why;
        add_recipient(plan.recipients, std::move(to));
    }
    if (!plan.recipients.empty()) return std::nullopt;
    return refuse("hl7", "207", "OBX",
                  "aucun destinataire par messagerie n'est demandé (DESTMSSANTEPS, DESTMSSANTEPAT) : rien à envoyer");
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
    plan.stay.discharge = discharge_of(read->visit.discharge, discharge_quality::document, with.site.zone);
    plan.operation = operation_of(read->what);
    for (hl7::carried_document& carried : read->documents)
        if (auto why = take_carried(with, plan, carried)) return std::move(*why);
    if (auto why = take_recipients(with, plan, *read)) return std::move(*why);
    return plan;
}
}
