#include "mime/report/errc.hpp"

#include <string>

namespace mime::report {
namespace {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"  // Boost's base has a protected destructor
class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "mime.report"; }
    std::string message(int code) const override
    {
        switch (static_cast<report_errc>(code)) {
            case report_errc::malformed: return "report cannot be read";
            case report_errc::too_large: return "report too large";
            case report_errc::bad_address: return "address not allowed in a report";
            case report_errc::bad_header_value: return "character not allowed in a report field";
            case report_errc::bad_status: return "not an enhanced status code";
        }
        return "unknown report error";
    }
};
#pragma GCC diagnostic pop
}

const boost::system::error_category& report_category() noexcept
{
    static const category instance;
    return instance;
}

boost::system::error_code make_error_code(report_errc code) noexcept
{
    return {static_cast<int>(code), report_category()};
}
}
