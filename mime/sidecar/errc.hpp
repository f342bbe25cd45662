// mime/sidecar/errc.hpp: why a sidecar was refused. The error names the field by its path, never its value.
#pragma once

#include <boost/assert/source_location.hpp>
#include <string>
#include <string_view>

#include "mime/text/result.hpp"

namespace mime::sidecar {
enum class sidecar_errc {
    too_large = 1,  // over sidecar_limits::max_octets
    not_json,       // not one JSON value in UTF-8, or too deep
    unknown_key,    // a key the format does not have: a typing mistake would lose data in silence
    missing,        // a required field is absent, null or blank
    wrong_type,     // a number where text is expected, text where an object is…
    ill_formed,     // text that does not have the form of the field
    check_digit,    // right form, wrong key (RPPS, FINESS, INS)
    inconsistent,   // two fields contradict each other
    too_many,       // over sidecar_limits::max_recipients
};

[[nodiscard]] std::string_view name_of(sidecar_errc code) noexcept;

struct sidecar_error {
    sidecar_errc code = sidecar_errc::not_json;
    std::string field;  // "patient.birth_date", "recipients[1].rpps"; empty where the JSON itself is at fault
    std::string text;   // French
};

template <class T>
using sidecar_result = result<T, sidecar_error>;

[[noreturn]] void throw_exception_from_error(const sidecar_error& error, const boost::source_location& where);
}
