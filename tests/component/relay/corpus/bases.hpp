// The messages that the broken ones are made from, each accepted as it stands. Synthetic, production form: MSH-11 is P,
// the INS carries the OID of real ones, its digits are those of the reference's invented vector.
#pragma once

#include <string>
#include <string_view>

namespace corpus {
// T02, T10, T04: one document; ORU1, ORU2: one and two (N1 and N3); A03: a discharge. Empty for another name.
// Row A of the routing matrix: a doctor, an organisation and the patient; replies to a desk; own texts for both.
[[nodiscard]] std::string base(std::string_view name);
}
