#include "mime/hl7/peek.hpp"

#include "mime/hl7/message.hpp"

namespace mime::hl7 {
message_kind peek(std::string_view first_octets) noexcept
{
    const std::string_view body = without_frame(first_octets);
    if (!body.starts_with("MSH") || body.size() < 4) return message_kind::other;
    const char next = body[3];
    const bool letter = (next >= 'A' && next <= 'Z') || (next >= 'a' && next <= 'z') || (next >= '0' && next <= '9');
    return letter || next == ' ' || next == '\r' || next == '\n' ? message_kind::other : message_kind::hl7;
}
}
