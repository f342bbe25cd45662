// mime/hl7/discharge_message.hpp: reads ADT^A03 of PAM France (HL7 v2.5), the discharge that starts the clock
// (domain.md §3). Instants are given as sent, with their source and precision; the site's zone is applied by the caller
// (mime/text/zone.hpp). Pure, safe from any thread. Errors: HL70357 with place.
#pragma once

#include "mime/hl7/header.hpp"
#include "mime/hl7/message.hpp"
#include "mime/hl7/participant.hpp"
#include "mime/hl7/patient.hpp"
#include "mime/hl7/profile.hpp"
#include "mime/text/timestamp.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mime::hl7 {
// domain.md §3 rule 1, best first. A date without time keeps its source; timestamp::precision says it.
enum class discharge_source {
    exact,     // PV1-45
    movement,  // ZBE-2
    event,     // EVN-6
};

struct discharge_time {
    timestamp value;
    discharge_source source = discharge_source::exact;
};

enum class movement_action { insert, update, cancel };  // ZBE-4

struct discharge_message {
    message_header header;
    hl7::patient patient;
    hl7::visit visit;  // service: UF of ZBE-7, else ZBE-8, else PV1-3
    discharge_time discharged;
    std::string movement_id;  // ZBE-1, as sent; may be empty
    movement_action action = movement_action::insert;
    std::optional<person> treating_doctor;  // ROL whose role the profile lists
    std::vector<hl7_warning> warnings;
};

// Of a message whose form_of() is `discharge`. A time that is present but unreadable is an error, not a reason to take
// the next source: it would move the clock without anybody knowing.
[[nodiscard]] hl7_result<discharge_message> read_discharge_message(const message& message, const profile& profile);
}
