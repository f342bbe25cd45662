#include "mime/message/errc.hpp"

#include <string>

namespace mime::message {
namespace {
const char* text_of(int code) noexcept
{
    switch (static_cast<message_errc>(code)) {
        case message_errc::header_too_large: return "mail header too large";
        case message_errc::comments_too_deep: return "mail header comments nested too deep";
        case message_errc::mime_too_deep: return "MIME parts nested too deep";
        case message_errc::too_many_parts: return "too many MIME parts";
        case message_errc::line_too_long: return "mail line too long";
        case message_errc::message_too_large: return "mail too large";
        case message_errc::malformed: return "mail cannot be read";
        case message_errc::bad_address: return "not a mail address";
        case message_errc::bad_header_name: return "not a header field name";
        case message_errc::bad_header_value: return "character not allowed in a header field";
        case message_errc::bad_header_length: return "header field cannot be folded";
        case message_errc::bad_date: return "not a mail date";
        case message_errc::bad_message_id: return "not a message identifier";
        case message_errc::bad_boundary: return "not a usable MIME boundary";
        case message_errc::bad_encoding: return "mail text or body badly encoded";
    }
    return "unknown mail error";
}

// boost::system::error_category has no virtual destructor by design: categories are never destroyed through it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "mime.message"; }
    std::string message(int code) const override { return text_of(code); }
};
#pragma GCC diagnostic pop
}

const boost::system::error_category& message_category() noexcept
{
    static const category instance;
    return instance;
}

boost::system::error_code make_error_code(message_errc code) noexcept
{
    return {static_cast<int>(code), message_category()};
}
}
