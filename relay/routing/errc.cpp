#include "relay/routing/errc.hpp"

namespace relay::routing {
namespace {
class routing_category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "routing"; }
    [[nodiscard]] std::string message(int code) const override
    {
        switch (static_cast<routing_errc>(code)) {
            case routing_errc::file_unreadable: return "extraction file cannot be read: check its path and rights";
            case routing_errc::header_not_understood:
                return "extraction has no header with the needed columns: is it the MSSanté correspondence file, "
                       "unzipped?";
            case routing_errc::nothing_usable: return "extraction holds no usable row: the directory is left as it was";
            case routing_errc::shrunk:
                return "extraction is far smaller than the last one: the directory is left as it was; to accept it, "
                       "remove "
                       "the directory database first";
            case routing_errc::database_failed:
                return "directory database cannot be read or written: check disk and rights";
            case routing_errc::certificate_malformed: return "certificate does not read as DER or PEM";
            case routing_errc::certificate_without_names:
                return "certificate names no address (rfc822Name) and no domain (dNSName)";
        }
        return "unknown routing error";
    }
};
}

const boost::system::error_category& routing_errors() noexcept
{
    static const routing_category category;
    return category;
}
}
