// mime/text/errc.hpp: what can go wrong in mime/text. The messages name the kind of fault, never the text at fault.
#pragma once

#include <boost/system/error_code.hpp>

#include <type_traits>

namespace mime {
enum class text_errc {
    base64_character = 1,  // neither of the alphabet, nor padding at the end, nor SP TAB CR LF
    base64_length,         // length ≡ 1 mod 4: no octets have such an encoding
    zone_unknown,          // no such name in the time zone database
};

[[nodiscard]] const boost::system::error_category& text_category() noexcept;

[[nodiscard]] inline boost::system::error_code make_error_code(text_errc value) noexcept
{
    return {static_cast<int>(value), text_category()};
}
}

template <>
struct boost::system::is_error_code_enum<mime::text_errc> : std::true_type {
};
