// Synthetic messages and a way to change one field of them.
#pragma once

#include "mime/hl7/message.hpp"

#include <string>
#include <string_view>

namespace hl7_test {
// MDM^T02 with two recipients (a doctor and the patient), row A of the national matrix.
std::string document_text();
// The same as ORU^R01 with one or two documents.
std::string observation_text(int documents);
// ADT^A03 with ZBE, EVN-6, PV1-45 and a treating doctor.
std::string discharge_text();
// The same stay and patient as the feed tells them: A01, A02, A03, A11, A13; Z99 updates the discharge.
std::string movement_text(std::string_view event);

// `text` with field `number` of the `sequence`-th segment `name` replaced (in MSH numbered as HL7 does).
std::string with_field(std::string text, std::string_view name, std::size_t number, std::string_view value,
                       std::size_t sequence = 1);
// Without the `sequence`-th segment `name`.
std::string without(std::string text, std::string_view name, std::size_t sequence = 1);
// With `line` (no end) put after the `sequence`-th segment `name`.
std::string with_line_after(std::string text, std::string_view name, std::string_view line, std::size_t sequence = 1);
// Every `from` replaced.
std::string replaced(std::string text, std::string_view from, std::string_view to);
}
