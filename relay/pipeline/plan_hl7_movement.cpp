#include "mime/hl7/movement_message.hpp"
#include "relay/pipeline/plan_parts.hpp"

namespace relay::pipeline {
namespace hl7 = mime::hl7;
namespace {
discharge_quality quality_of(hl7::time_source source)
{
    switch (source) {
        case hl7::time_source::exact: return discharge_quality::exact;
        case hl7::time_source::movement: return discharge_quality::movement;
        case hl7::time_source::event: return discharge_quality::event;
    }
    return discharge_quality::event;
}

std::optional<event_kind> event_of(hl7::movement_kind kind, hl7::movement_action action)
{
    const bool cancels = action == hl7::movement_action::cancel;
    switch (kind) {
        case hl7::movement_kind::admission:
            return cancels ? event_kind::stay_admission_cancelled : event_kind::stay_admitted;
        case hl7::movement_kind::transfer: return cancels ? event_kind::stay_move_cancelled : event_kind::stay_moved;
        case hl7::movement_kind::discharge:
            return cancels ? event_kind::stay_discharge_cancelled : event_kind::stay_discharged;
        case hl7::movement_kind::other: break;
    }
    return std::nullopt;
}

// `code` of HL70357, for the ERR segment.
refusal refuse_field(int code, std::string place, const char* text)
{
    return refuse_hl7({{code, std::move(place), text, hl7::ack_code::AE}});
}

movement_plan plan_of(const hl7::movement_message& read, const site_options& site)
{
    movement_plan plan;
    plan.stay.visit_number = number_of(read.visit.number);
    plan.stay.file_number = number_of(read.patient.file_number);
    plan.stay.service = code_or_nothing(read.visit.service);
    if (read.treating_doctor) plan.stay.treating_rpps = read.treating_doctor->rpps;
    const mime::zone& where = site.zone_of(plan.stay.service);
    plan.stay.written = instant_of(read.recorded, where);
    plan.stay.admission = instant_of(read.visit.admission, where);
    plan.stay.identity = identity_of(read.patient, site.hl7);
    plan.what = event_of(read.kind, read.action);
    plan.movement_id = read.movement_id;
    if (read.action == hl7::movement_action::update) plan.action = movement_action::update;
    plan.patient_class = read.visit.patient_class;
    if (!read.when) return plan;
    if (read.kind == hl7::movement_kind::discharge)
        plan.stay.discharge = discharge_of(read.when->value, quality_of(read.when->source), where);
    else
        plan.at = instant_of(read.when->value, where);
    return plan;
}
}

movement_or_refusal plan_hl7_movement(const plan_request& with, const hl7::message& message)
{
    const auto read = hl7::read_movement_message(message, with.site.hl7);
    if (!read.has_value()) return refuse_hl7(read.error());
    movement_plan plan = plan_of(*read, with.site);
    if (plan.stay.visit_number.empty() && plan.stay.file_number.empty())
        return refuse_field(hl7::condition::required_field_missing, "PV1^1^19",
                            "aucun numéro de venue ni de dossier : séjour impossible à reconnaître");
    const bool needs_day = read->when && read->kind != hl7::movement_kind::other;
    if (needs_day && !plan.stay.discharge && !plan.at)  // a month is no day: it would start no clock
        return refuse_field(hl7::condition::data_type, std::string(hl7::place_of(read->when->source, read->kind)),
                            "la date du mouvement n'a pas de jour");
    if (plan.stay.discharge) add_flag(plan.stay.discharge->flags, flag_adt);
    return plan;
}
}
