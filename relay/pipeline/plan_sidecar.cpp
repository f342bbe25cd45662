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

letter_operation operation_of(sc::operation what)
{
    switch (what) {
        case sc::operation::initial: return letter_operation::initial;
        case sc::operation::replace: return letter_operation::replace;
        case sc::operation::remove: return letter_operation::remove;
    }
    return letter_operation::initial;
}

recipient recipient_of(const sc::letter_recipient& named)
{
    return {named.address, named.rpps, named.family.empty() ? named.organisation : named.family, named.given,
            role_of(named.role)};
}

std::optional<refusal> take_recipients(const plan_request& with, letter_plan& plan, const sc::pdf_sidecar& read)
{
    const auto add = [&](const sc::letter_recipient& named) {
        recipient to = recipient_of(named);
        auto why = refuse_domain(with.routes, to, "pdf", named.path + ".address");
        if (!why) add_recipient(plan.recipients, std::move(to));
        return why;
    };
    if (read.treating_doctor)
        if (auto why = add(*read.treating_doctor)) return why;
    for (const sc::letter_recipient& named : read.recipients)
        if (auto why = add(named)) return why;
    if (plan.recipients.empty()) plan.recipients.emplace_back();
    return std::nullopt;
}

// Times without an offset are those of the site, which the file names itself.
sc::sidecar_result<sc::pdf_sidecar> in_own_zone(const plan_request& with, sc::sidecar_result<sc::pdf_sidecar> read)
{
    const mime::zone& own = with.site.zone_of(code_or_nothing(read->stay.service_code));
    if (!with.site.sidecar.zone || own.name() == with.site.sidecar.zone->name()) return read;
    sc::sidecar_defaults there = with.site.sidecar;
    there.zone = own;
    return sc::read_sidecar(with.from.bytes, there, sc::form_of(with.from.name, with.from.bytes));
}
}

letter_or_refusal plan_sidecar(const plan_request& with)
{
    auto read = sc::read_sidecar(with.from.bytes, with.site.sidecar, sc::form_of(with.from.name, with.from.bytes));
    if (read.has_value()) read = in_own_zone(with, std::move(read));
    if (!read.has_value())
        return refuse("pdf", std::string(sc::name_of(read.error().code)), read.error().field, read.error().text);
    letter_plan plan;
    plan.form = submission_form::pdf_sidecar;
    plan.stay.visit_number = read->stay.number;
    plan.stay.service = code_or_nothing(read->stay.service_code);
    const mime::zone& where = with.site.zone_of(plan.stay.service);
    plan.stay.discharge = discharge_of(read->stay.discharge, discharge_quality::document, where);
    plan.stay.admission = instant_of(read->stay.admission, where);
    plan.details.patient_class = read->stay.patient_class;
    plan.details.service_label = read->stay.service_label;
    auto taken = take_document(with, plan, sc::write_n1(*read, *with.from.attachment), "pdf", context_of(with));
    if (auto* why = std::get_if<refusal>(&taken)) return std::move(*why);
    plan.operation = operation_of(read->what);
    if (plan.operation == letter_operation::replace) plan.parent_id = plan.documents.front().parent_id;
    if (auto why = take_recipients(with, plan, *read)) return std::move(*why);
    return plan;
}
}
