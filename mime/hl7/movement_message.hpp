// mime/hl7/movement_message.hpp: reads the movements of a stay as IHE PAM France (HL7 v2.5) tells them: ADT^A01
// admission, A02 transfer, A03 discharge, A11 and A13 which cancel an admission and a discharge, and Z99 which updates
// or cancels a movement told before (domain.md §3). Instants are given as sent, with their source and precision; the
// site's zone is applied by the caller (mime/text/zone.hpp). Pure, safe from any thread. Errors: HL70357 with place;
// 207 for what contradicts itself.
#pragma once

#include "mime/hl7/header.hpp"
#include "mime/hl7/message.hpp"
#include "mime/hl7/participant.hpp"
#include "mime/hl7/patient.hpp"
#include "mime/hl7/profile.hpp"
#include "mime/text/timestamp.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::hl7 {
// Of Z99 by the event that first told the movement (ZBE-6). `other`: a movement that no clock depends on.
enum class movement_kind { admission, transfer, discharge, other };
enum class movement_action { insert, update, cancel };  // ZBE-4

// domain.md §3 rule 1, best first. A date without time keeps its source; timestamp::precision says it.
enum class time_source {
    exact,     // PV1-44 of an admission, PV1-45 of a discharge
    movement,  // ZBE-2
    event,     // EVN-6
};
// "PV1^1^45": where the time of such a movement stands.
[[nodiscard]] std::string_view place_of(time_source source, movement_kind kind) noexcept;

struct movement_time {
    timestamp value;
    time_source source = time_source::exact;
};

struct care_unit {   // XON of ZBE-7 and ZBE-8
    std::string id;  // its code in .10, else .1
    std::string name;
};

struct movement_message {
    message_header header;
    timestamp recorded;  // EVN-2: of two messages about one movement the later recorded is right
    movement_kind kind = movement_kind::other;
    movement_action action = movement_action::insert;
    std::string movement_id;                // ZBE-1, as sent; may be empty
    std::optional<timestamp> moved;         // ZBE-2
    bool historic = false;                  // ZBE-5 = Y: inserted behind movements told before
    std::string original_event;             // ZBE-6
    std::optional<care_unit> medical_unit;  // ZBE-7, responsible for medical care
    std::optional<care_unit> nursing_unit;  // ZBE-8
    std::string nature;                     // ZBE-9: letters of H, M, S, L, D, C
    std::optional<movement_time> when;      // of this movement; always there unless cancelled or `other`
    hl7::patient patient;
    hl7::visit visit;                       // service: UF of ZBE-7, else ZBE-8, else PV1-3
    std::optional<person> treating_doctor;  // ROL whose role the profile lists, else the PV1 fields it lists
    std::optional<person> attending;        // PV1-7, doctor of the hospital
    std::optional<person> referring;        // PV1-8, who sent the patient in
    std::vector<hl7_warning> warnings;
};

// Of a message whose form_of() is `movement`. A time that is present but unreadable is an error, not a reason to take
// the next source: it would move the clock without anybody knowing.
[[nodiscard]] hl7_result<movement_message> read_movement_message(const message& message, const profile& profile);
}
