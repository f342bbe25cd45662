#include "mime/hl7/error.hpp"

namespace mime::hl7 {
std::string_view condition_label(int code) noexcept
{
    switch (code) {
        case 0: return "Message accepted";
        case condition::segment_sequence: return "Segment sequence error";
        case condition::required_field_missing: return "Required field missing";
        case condition::data_type: return "Data type error";
        case condition::table_value_not_found: return "Table value not found";
        case condition::cardinality: return "Non-conformant cardinality";
        case condition::unsupported_message_type: return "Unsupported message type";
        case condition::unsupported_event: return "Unsupported event code";
        case condition::unsupported_processing_id: return "Unsupported processing id";
        case condition::unsupported_version: return "Unsupported version id";
        case condition::application: return "Application error";
        default: return "Other HL7 Error";
    }
}
}
