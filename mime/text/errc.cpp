#include "mime/text/errc.hpp"

#include <string>

namespace mime {
namespace {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
    "-Wnon-virtual-dtor"  // Boost's base has a protected destructor: nothing deletes through it
class category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "mime.text"; }
    [[nodiscard]] std::string message(int value) const override
    {
        switch (static_cast<text_errc>(value)) {
            case text_errc::base64_character: return "invalid character in base64";
            case text_errc::base64_length: return "invalid base64 length";
            case text_errc::zone_unknown: return "unknown time zone";
        }
        return "unknown error";
    }
};
#pragma GCC diagnostic pop
}

const boost::system::error_category& text_category() noexcept
{
    static const category instance;
    return instance;
}
}
