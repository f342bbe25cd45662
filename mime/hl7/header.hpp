// mime/hl7/header.hpp: MSH as acknowledgements need it, and which reader a message is for (mssante.md §1.2, §2.3,
// §3.1). Pure, safe from any thread.
#pragma once

#include "mime/hl7/message.hpp"
#include "mime/hl7/profile.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mime::hl7 {
// All in the standard delimiters, escapes kept, without controls: written back as they are.
struct message_header {
    std::string sending_application;    // MSH-3
    std::string sending_facility;       // MSH-4
    std::string receiving_application;  // MSH-5
    std::string receiving_facility;     // MSH-6
    std::string message_code;           // MSH-9.1
    std::string event;                  // MSH-9.2
    std::string control_id;             // MSH-10, the key of all acknowledgements
    std::string processing_id;          // MSH-11
    std::string version;                // MSH-12, all components
    std::string profile;                // MSH-21, first repetition
    friend bool operator==(const message_header&, const message_header&) = default;
};

// As much of MSH as there is, even when MSH-2 is damaged, from bytes that may otherwise be refused: first line only,
// without looking at the character set (octets outside ASCII become '?'). nullopt if MSH cannot be read: then no
// acknowledgement can be addressed (§3.1).
[[nodiscard]] std::optional<message_header> read_header(std::string_view octets);

enum class message_form { document, movement };

// The same of a message that was read; its texts are UTF-8.
[[nodiscard]] message_header header_of(const segment& msh);

// MDM^T02/T10/T04^MDM_T02 2.6 and ORU^R01^ORU_R01 2.5 are documents; ADT^A01, A02, A03, A11, A13 and Z99 2.5 (PAM
// France 2.11) are movements of a stay. Errors: 200 unknown type,
// 201 unknown event of a known type, 202 MSH-11, 203 MSH-12, 101 and 103 for the rest of MSH.
[[nodiscard]] hl7_result<message_form> form_of(const message& message, const profile& profile);
}
