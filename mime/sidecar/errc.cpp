#include "mime/sidecar/errc.hpp"

#include <stdexcept>

namespace mime::sidecar {
std::string_view name_of(sidecar_errc code) noexcept
{
    switch (code) {
        case sidecar_errc::too_large: return "too_large";
        case sidecar_errc::not_json: return "not_json";
        case sidecar_errc::unknown_key: return "unknown_key";
        case sidecar_errc::missing: return "missing";
        case sidecar_errc::wrong_type: return "wrong_type";
        case sidecar_errc::ill_formed: return "ill_formed";
        case sidecar_errc::check_digit: return "check_digit";
        case sidecar_errc::inconsistent: return "inconsistent";
        case sidecar_errc::too_many: return "too_many";
        case sidecar_errc::not_flat: return "not_flat";
        case sidecar_errc::encoding: return "encoding";
        case sidecar_errc::duplicate: return "duplicate";
    }
    return "unknown";
}

void throw_exception_from_error(const sidecar_error& error, const boost::source_location&)
{
    throw std::logic_error(std::string(name_of(error.code)) + " " + error.field);
}
}
