// The messages that the broken ones are made from, each accepted as it stands. Synthetic, production form: MSH-11 is P,
// the INS carries the OID of real ones, its digits are those of the reference's invented vector.
#pragma once

#include <string>
#include <string_view>

namespace corpus {
// T02, T10, T04: one document; ORU1, ORU2: one and two (N1 and N3); A01, A02, A03, A11, A13, Z99: movements of a stay
// (A11 cancels the admission, A13 the discharge, Z99 updates it). Empty for another name.
// A doctor, an organisation and the patient are named; replies to a desk; own texts for both. Mailed to all of them
// (row A of the routing matrix), but T02-PS to the professionals (B'), T02-HIDDEN likewise and hidden from the patient
// (B), and T02-PAT to the patient (C).
[[nodiscard]] std::string base(std::string_view name);
}
