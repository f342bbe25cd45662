// mime/sidecar/errc.hpp: why a sidecar was refused. The error names the field by its path, never its value.
#pragma once

#include <boost/assert/source_location.hpp>
#include <cstddef>
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
    too_many,       // over sidecar_limits::max_recipients or max_flat_keys, or a second row of a CSV file
    not_flat,       // a line that is not key=value, a CSV file whose row does not fit its header
    encoding,       // text in no known, or in an ambiguous, character set
    duplicate,      // a key given twice in a flat file
};

[[nodiscard]] std::string_view name_of(sidecar_errc code) noexcept;

// Of the flat forms, from 1: the line and character of a key=value file, the line and cell of a CSV file; 0: none.
struct place {
    std::size_t line = 0;
    std::size_t column = 0;
};

struct sidecar_error {
    sidecar_errc code = sidecar_errc::not_json;
    // JSON: "patient.birth_date", "recipients[1].rpps"; flat forms: "recipients.2.rpps". Empty where the file as such
    // is at fault.
    std::string field;
    std::string text;  // French, the place included
    place at = {};
};

template <class T>
using sidecar_result = result<T, sidecar_error>;

[[noreturn]] void throw_exception_from_error(const sidecar_error& error, const boost::source_location& where);
}
