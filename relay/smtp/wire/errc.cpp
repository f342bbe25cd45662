#include "relay/smtp/wire/errc.hpp"

#include <string>

namespace relay::smtp {
namespace {
class wire_category_type final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "smtp.wire"; }
    std::string message(int code) const override
    {
        switch (static_cast<wire_errc>(code)) {
            case wire_errc::line_too_long: return "line too long";
            case wire_errc::bare_line_end: return "CR or LF alone";
            case wire_errc::bad_reply: return "not an SMTP reply";
            case wire_errc::too_many_lines: return "too many lines in a reply";
            case wire_errc::unknown_command: return "unknown command";
            case wire_errc::bad_path: return "bad mail path";
            case wire_errc::bad_syntax: return "bad syntax";
            case wire_errc::bad_parameter: return "bad parameter value";
            case wire_errc::unknown_parameter: return "unknown parameter";
        }
        return "unknown";
    }
};
}

const boost::system::error_category& wire_category() noexcept
{
    static const wire_category_type one;
    return one;
}
}
