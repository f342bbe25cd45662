#include "relay/pipeline/plan_parts.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
namespace hl7 = mime::hl7;
namespace {
discharge_quality quality_of(hl7::discharge_source source)
{
    switch (source) {
        case hl7::discharge_source::exact: return discharge_quality::exact;
        case hl7::discharge_source::movement: return discharge_quality::movement;
        case hl7::discharge_source::event: return discharge_quality::event;
    }
    return discharge_quality::event;
}

std::string place_of(hl7::discharge_source source)
{
    switch (source) {
        case hl7::discharge_source::exact: return "PV1^1^45";
        case hl7::discharge_source::movement: return "ZBE^1^2";
        case hl7::discharge_source::event: return "EVN^1^6";
    }
    return "PV1^1^45";
}
}

discharge_or_refusal plan_hl7_movement(const plan_request& with, const hl7::message& message)
{
    const auto read = hl7::read_discharge_message(message, with.site.hl7);
    if (!read.has_value()) return refuse_hl7(read.error());
    discharge_plan plan;
    plan.stay.visit_number = number_of(read->visit.number);
    plan.stay.file_number = number_of(read->patient.file_number);
    plan.stay.service = code_or_nothing(read->visit.service);
    if (read->treating_doctor) plan.stay.treating_rpps = read->treating_doctor->rpps;
    plan.cancelled = read->action == hl7::movement_action::cancel;
    plan.stay.discharge = discharge_of(read->discharged.value, quality_of(read->discharged.source), with.site.zone);
    if (plan.stay.visit_number.empty() && plan.stay.file_number.empty())
        return refuse("hl7", "101", "PV1^1^19",
                      "aucun numéro de venue ni de dossier : séjour impossible à reconnaître");
    if (!plan.stay.discharge)  // a month is no day: it would be acknowledged and start no clock
        return refuse("hl7", "102", place_of(read->discharged.source), "la date de sortie n'a pas de jour");
    add_flag(plan.stay.discharge->flags, flag_adt);
    return plan;
}
}
