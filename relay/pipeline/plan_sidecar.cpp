#include "relay/pipeline/plan_parts.hpp"

namespace relay::pipeline {
namespace sc = mime::sidecar;
namespace {
recipient_role role_of(sc::recipient_role role)
{
    switch (role) {
        case sc::recipient_role::treating_doctor: return recipient_role::treating_doctor;
        case sc::recipient_role::organisation: return recipient_role::organisation;
        case sc::recipient_role::patient: return recipient_role::patient;
        default: return recipient_role::professional;
    }
}

recipient recipient_of(const sc::letter_recipient& named)
{
    return {named.address, named.rpps, named.family.empty() ? named.organisation : named.family, named.given,
            role_of(named.role)};
}

std::optional<refusal> take_recipients(const plan_request& with, letter_plan& plan, const sc::pdf_sidecar& read)
{
    const auto add = [&](const sc::letter_recipient& named, std::string field) {
        recipient to = recipient_of(named);
        auto why = refuse_domain(with.routes, to, "pdf", std::move(field));
        if (!why) add_recipient(plan.recipients, std::move(to));
        return why;
    };
    if (read.treating_doctor)
        if (auto why = add(*read.treating_doctor, "treating_doctor.address")) return why;
    std::size_t number = 0;
    for (const sc::letter_recipient& named : read.recipients)
        if (auto why = add(named, "recipients[" + std::to_string(number++) + "].address")) return why;
    if (plan.recipients.empty()) plan.recipients.emplace_back();
    return std::nullopt;
}
}

letter_or_refusal plan_sidecar(const plan_request& with)
{
    const auto read = sc::read_sidecar(with.from.bytes, with.site.sidecar);
    if (!read.has_value())
        return refuse("pdf", std::string(sc::name_of(read.error().code)), read.error().field, read.error().text);
    letter_plan plan;
    plan.form = submission_form::pdf_sidecar;
    plan.stay.visit_number = read->stay.number;
    plan.stay.service = code_or_nothing(read->stay.service_code);
    plan.stay.discharge = discharge_of(read->stay.discharge, discharge_quality::document, with.site.zone);
    plan.details.patient_class = read->stay.patient_class;
    plan.details.service_label = read->stay.service_label;
    auto taken = take_document(with, plan, sc::write_n1(*read, *with.from.attachment), "pdf", context_of(with));
    if (auto* why = std::get_if<refusal>(&taken)) return std::move(*why);
    take_operation(plan);
    if (auto why = take_recipients(with, plan, *read)) return std::move(*why);
    return plan;
}
}
