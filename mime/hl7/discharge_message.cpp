#include "mime/hl7/discharge_message.hpp"

#include "mime/hl7/checker.hpp"

#include <utility>

namespace mime::hl7 {
namespace {
discharge_time read_time(checker& check, const message& message, const segment& pv1, const segment& evn)
{
    if (const auto exact = check.time(pv1, 45)) return {*exact, discharge_source::exact};
    if (const auto zbe = message.first("ZBE")) {
        if (const auto movement = check.time(*zbe, 2)) return {*movement, discharge_source::movement};
    }
    if (const auto event = check.time(evn, 6)) return {*event, discharge_source::event};
    if (check.good()) {
        check.fail(condition::required_field_missing, pv1.location(45), "Aucune date de sortie (PV1-45, ZBE-2, EVN-6)");
    }
    return {};
}

movement_action read_action(checker& check, const segment& zbe)
{
    const std::string action = zbe.field(4).component(1).text();
    if (action == "UPDATE") return movement_action::update;
    if (action == "CANCEL") return movement_action::cancel;
    // Some senders shift the fields after ZBE-3 by one; a discharge is an insertion unless it says otherwise.
    if (action.empty()) check.warn(zbe.location(4), "Action du mouvement absente : lue comme INSERT");
    if (!action.empty() && action != "INSERT") {
        check.fail(condition::table_value_not_found, zbe.location(4), "Valeur non admise");
    }
    return movement_action::insert;
}

// The care unit (UF) that is responsible: XON with its code in .10, else .1.
void read_service(const segment& zbe, visit& into)
{
    for (const std::size_t number : {7U, 8U}) {
        const field unit = zbe.field(number);
        const bool coded = !unit.component(10).empty();
        if (!coded && unit.component(1).empty()) continue;
        into.service = unit.component(coded ? 10 : 1).text();
        into.service_name = unit.component(1).text();
        return;
    }
}

std::optional<person> read_treating_doctor(checker& check, const message& message, const profile& profile)
{
    std::optional<person> doctor;
    for (const segment& rol : message.segments()) {
        if (rol.name() != "ROL" || !contains(profile.treating_doctor_roles, rol.field(3).component(1).text())) continue;
        if (rol.field(2).component(1).text() == "DE") continue;  // role withdrawn
        auto found = read_person(rol.field(4).first());
        if (!found) continue;
        if (doctor) {
            check.warn(rol.location(3), "Plusieurs médecins traitants : le premier est retenu");
            break;
        }
        doctor = std::move(found);
    }
    return doctor;
}
}

hl7_result<discharge_message> read_discharge_message(const message& message, const profile& profile)
{
    checker check;
    const auto evn = check.only(message, "EVN");
    const auto pid = check.only(message, "PID");
    const auto pv1 = check.only(message, "PV1");
    if (!evn || !pid || !pv1) return std::move(check).errors();
    discharge_message value;
    value.header = header_of(message.header());
    check.required_time(*evn, 2);
    value.patient = read_patient(check, *pid, profile, value.header.processing_id);
    value.visit = read_visit(check, *pv1);
    value.discharged = read_time(check, message, *pv1, *evn);
    if (const auto zbe = message.first("ZBE")) {
        value.movement_id = with_standard_delimiters(zbe->field(1).first().raw(), zbe->marks());
        value.action = read_action(check, *zbe);
        read_service(*zbe, value.visit);
    }
    value.treating_doctor = read_treating_doctor(check, message, profile);
    if (!check.good()) return std::move(check).errors();
    value.warnings = std::move(check).warnings();
    return value;
}
}
