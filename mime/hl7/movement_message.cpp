#include "mime/hl7/movement_message.hpp"

#include "mime/hl7/checker.hpp"

#include <array>
#include <utility>

namespace mime::hl7 {
namespace {
struct movement_event {
    std::string_view code;  // MSH-9.2, or ZBE-6 of what is updated or cancelled
    movement_kind kind;
    movement_action implied;  // what the event itself says
};
constexpr std::array events = {
    movement_event{"A01", movement_kind::admission, movement_action::insert},
    movement_event{"A02", movement_kind::transfer, movement_action::insert},
    movement_event{"A03", movement_kind::discharge, movement_action::insert},
    movement_event{"A11", movement_kind::admission, movement_action::cancel},
    movement_event{"A13", movement_kind::discharge, movement_action::cancel},
};

const movement_event* find_event(std::string_view code)
{
    for (const movement_event& each : events)
        if (each.code == code) return &each;
    return nullptr;
}

class movement_reader {
public:
    movement_reader(const message& message, const profile& profile) : message_(message), profile_(profile) {}

    hl7_result<movement_message> read()
    {
        const auto evn = check_.only(message_, "EVN");
        const auto pid = check_.only(message_, "PID");
        const auto pv1 = check_.only(message_, "PV1");
        if (!evn || !pid || !pv1) return std::move(check_).errors();
        value_.header = header_of(message_.header());
        value_.recorded = check_.required_time(*evn, 2).value_or(timestamp());
        value_.patient = read_patient(check_, *pid, profile_, value_.header.processing_id);
        value_.visit = read_visit(check_, *pv1);
        const auto zbe = message_.count("ZBE") > 0 ? check_.only(message_, "ZBE") : std::nullopt;
        if (zbe) read_movement(*zbe);
        read_kind(zbe);
        read_time(*pv1, zbe, *evn);
        read_doctors(*pv1);
        if (!check_.good()) return std::move(check_).errors();
        value_.warnings = std::move(check_).warnings();
        return std::move(value_);
    }

private:
    void read_movement(const segment& zbe)
    {
        value_.movement_id = with_standard_delimiters(zbe.field(1).first().raw(), zbe.marks());
        value_.moved = check_.time(zbe, 2);
        value_.historic = zbe.field(5).component(1).text() == "Y";
        value_.original_event = zbe.field(6).component(1).text();
        value_.medical_unit = read_unit(zbe.field(7));
        value_.nursing_unit = read_unit(zbe.field(8));
        value_.nature = zbe.field(9).component(1).text();
        const auto& responsible = value_.medical_unit ? value_.medical_unit : value_.nursing_unit;
        if (responsible) {
            value_.visit.service = responsible->id;
            value_.visit.service_name = responsible->name;
        }
    }

    static std::optional<care_unit> read_unit(const field& xon)
    {
        const bool coded = !xon.component(10).empty();
        if (!coded && xon.component(1).empty()) return std::nullopt;
        return care_unit{xon.component(coded ? 10 : 1).text(), xon.component(1).text()};
    }

    // What happened to which kind of movement: the event says it, ZBE-4 and ZBE-6 must not contradict it.
    void read_kind(const std::optional<segment>& zbe)
    {
        if (const movement_event* event = find_event(value_.header.event)) {
            value_.kind = event->kind;
            value_.action = zbe ? read_action(*zbe, event->implied) : event->implied;
            if (zbe) check_original(*zbe, *event);
        } else if (!zbe) {
            check_.fail(condition::segment_sequence, "ZBE^1", "Segment obligatoire absent");
        } else {
            read_update(*zbe);
        }
    }

    movement_action read_action(const segment& zbe, movement_action implied)
    {
        const std::string action = zbe.field(4).component(1).text();
        // Some senders shift the fields after ZBE-3 by one: then the event alone says what it does.
        if (action.empty()) check_.warn(zbe.location(4), "Action du mouvement absente : lue d'après l'événement");
        if (action.empty()) return implied;
        if (action != "INSERT" && action != "UPDATE" && action != "CANCEL") {
            check_.fail(condition::table_value_not_found, zbe.location(4), "Valeur non admise");
            return implied;
        }
        if (implied == movement_action::cancel && action != "CANCEL") {
            check_.fail(condition::application, zbe.location(4), "ZBE-4 contredit l'événement, qui annule");
        }
        if (action == "INSERT") return movement_action::insert;
        return action == "UPDATE" ? movement_action::update : movement_action::cancel;
    }

    // ZBE-6 names the event of the INSERT: of what is cancelled or updated, and of nothing else.
    void check_original(const segment& zbe, const movement_event& event)
    {
        if (value_.original_event.empty() || value_.action == movement_action::insert) return;
        const movement_event* original = find_event(value_.original_event);
        // A11 also cancels the registration of an outpatient (A04).
        const bool outpatient = event.kind == movement_kind::admission && value_.original_event == "A04";
        if (!outpatient && (original == nullptr || original->kind != event.kind)) {
            check_.fail(condition::application, zbe.location(6), "ZBE-6 contredit l'événement");
        }
    }

    void read_update(const segment& zbe)
    {
        check_.required(zbe, 1);
        check_.one_of(zbe, 4, {"UPDATE", "CANCEL"});
        check_.required(zbe, 6);
        const bool cancel = zbe.field(4).component(1).text() == "CANCEL";
        value_.action = cancel ? movement_action::cancel : movement_action::update;
        const movement_event* original = find_event(value_.original_event);
        if (original != nullptr && original->implied == movement_action::insert) value_.kind = original->kind;
    }

    void read_time(const segment& pv1, const std::optional<segment>& zbe, const segment& evn)
    {
        const auto& exact = value_.kind == movement_kind::discharge   ? value_.visit.discharge
                            : value_.kind == movement_kind::admission ? value_.visit.admission
                                                                      : std::nullopt;
        if (exact) {
            value_.when = movement_time{*exact, time_source::exact};
        } else if (value_.moved) {
            value_.when = movement_time{*value_.moved, time_source::movement};
        } else if (const auto event = check_.time(evn, 6)) {
            value_.when = movement_time{*event, time_source::event};
        }
        const bool needed = value_.action != movement_action::cancel && value_.kind != movement_kind::other;
        if (value_.when || !needed || !check_.good()) return;
        check_.fail(condition::required_field_missing, missing_place(pv1, zbe),
                    "Aucune date du mouvement (PV1-44 ou PV1-45, ZBE-2, EVN-6)");
    }

    [[nodiscard]] std::string missing_place(const segment& pv1, const std::optional<segment>& zbe) const
    {
        if (value_.kind == movement_kind::transfer) return zbe ? zbe->location(2) : "ZBE^1^2";
        return pv1.location(value_.kind == movement_kind::discharge ? 45 : 44);
    }

    void read_doctors(const segment& pv1)
    {
        value_.attending = read_person(pv1.field(7).first());
        value_.referring = read_person(pv1.field(8).first());
        for (const segment& rol : message_.segments()) {
            if (rol.name() != "ROL" || !contains(profile_.treating_doctor_roles, rol.field(3).component(1).text()))
                continue;
            if (rol.field(2).component(1).text() == "DE") continue;  // role withdrawn
            auto found = read_person(rol.field(4).first());
            if (!found) continue;
            if (value_.treating_doctor) {
                check_.warn(rol.location(3), "Plusieurs médecins traitants : le premier est retenu");
                break;
            }
            value_.treating_doctor = std::move(found);
        }
        for (const std::string& listed : profile_.treating_doctor_fields) {
            if (value_.treating_doctor) return;
            if (listed == "PV1-7") value_.treating_doctor = value_.attending;
            if (listed == "PV1-8") value_.treating_doctor = value_.referring;
        }
    }

    const message& message_;
    const profile& profile_;
    checker check_;
    movement_message value_;
};
}

std::string_view place_of(time_source source, movement_kind kind) noexcept
{
    switch (source) {
        case time_source::exact: return kind == movement_kind::discharge ? "PV1^1^45" : "PV1^1^44";
        case time_source::movement: return "ZBE^1^2";
        case time_source::event: return "EVN^1^6";
    }
    return "PV1^1^45";
}

hl7_result<movement_message> read_movement_message(const message& message, const profile& profile)
{
    return movement_reader(message, profile).read();
}
}
