#include "mime/cda/document.hpp"
#include "mime/cda/identifiers.hpp"
#include "relay/pipeline/plan_parts.hpp"

namespace relay::pipeline {
namespace cda = mime::cda;
namespace {
// PV1-2 of the same stay.
std::string patient_class_of(const cda::encounter& stay)
{
    if (stay.type.code == "EMER") return "E";
    return stay.type.code == "AMB" ? "O" : "I";
}

recipient from_professional(const cda::professional& who, recipient_role role)
{
    return {"", std::string(cda::rpps_of(who.id.root, who.id.extension)), who.name.family, who.name.given, role};
}
}

void take_stay_class(letter_plan& plan, const cda::header& header)
{
    if (header.encounter) plan.details.patient_class = patient_class_of(*header.encounter);
}

void take_named_recipients(letter_plan& plan, const cda::header& header)
{
    if (const cda::participant* doctor = header.treating_doctor())
        add_recipient(plan.recipients, from_professional(doctor->who, recipient_role::treating_doctor));
    for (const cda::recipient& named : header.recipients) {
        const std::string rpps(cda::rpps_of(named.id.root, named.id.extension));
        if (!rpps.empty())
            add_recipient(plan.recipients,
                          {"", rpps, named.name.family, named.name.given, recipient_role::professional});
    }
}

letter_or_refusal plan_cda_file(const plan_request& with)
{
    letter_plan plan;
    plan.form = submission_form::cda;
    auto taken = take_document(with, plan, with.from.bytes, "cda", context_of(with));
    if (auto* why = std::get_if<refusal>(&taken)) return std::move(*why);
    const cda::header& header = std::get<cda::cda_document>(taken).header();
    take_operation(plan);
    take_stay_class(plan, header);
    take_named_recipients(plan, header);
    if (plan.recipients.empty()) plan.recipients.emplace_back();
    return plan;
}
}
