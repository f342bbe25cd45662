// mime/hl7/peek.hpp: tells an HL7 v2 message from other files by its first octets. Pure, safe from any thread.
#pragma once

#include <string_view>

namespace mime::hl7 {
enum class message_kind { hl7, other };

// HL7 starts with "MSH" and a sign, after a byte order mark, blanks, line ends or 0x0b (MLLP), if any. 64 octets are
// enough.
[[nodiscard]] message_kind peek(std::string_view first_octets) noexcept;
}
