// mime/hl7/error.hpp: why an HL7 message is refused: code of table HL70357, place, and a French text for the
// integrator. The text names the place and the rule, never a value of the message: it goes to acknowledgements, logs
// and worklists.
#pragma once

#include "mime/text/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mime::hl7 {
enum class ack_code {
    AA,  // taken: only after durable storage
    AE,  // the message is wrong: sending it again as it is will not help
    AR,  // refused for circumstances of ours: send again later
};

// HL70357 (messageErrorCondition), the codes used here.
namespace condition {
inline constexpr int segment_sequence = 100;
inline constexpr int required_field_missing = 101;
inline constexpr int data_type = 102;
inline constexpr int table_value_not_found = 103;
inline constexpr int cardinality = 198;
inline constexpr int other = 199;
inline constexpr int unsupported_message_type = 200;
inline constexpr int unsupported_event = 201;
inline constexpr int unsupported_processing_id = 202;
inline constexpr int unsupported_version = 203;
inline constexpr int application = 207;
}

// English label of HL70357, for ERR-3.2; "Other HL7 Error" for a code that is not in the table.
[[nodiscard]] std::string_view condition_label(int code) noexcept;

struct hl7_error {
    int code = condition::other;
    std::string location;  // ERR-2: segment^sequence[^field[^repetition^component]], as MSH^1^12; may be empty
    std::string text;      // French
    ack_code ack = ack_code::AE;
    friend bool operator==(const hl7_error&, const hl7_error&) = default;
};

// Never empty, in the order of the checks, at most max_errors: an integrator mends all of them at once.
using hl7_errors = std::vector<hl7_error>;
inline constexpr std::size_t max_errors = 20;

template <class T>
using hl7_result = result<T, hl7_errors>;

// What was tolerated and deserves to be told to the sender's integrator.
struct hl7_warning {
    std::string location;
    std::string text;  // French
};
}
