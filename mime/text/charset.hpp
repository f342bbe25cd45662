// mime/text/charset.hpp: character sets of hospital messages and the plain forms made from them. All text inside
// Liaison is UTF-8 (RFC 3629). Pure, safe from any thread, no locale.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mime {
// Strict RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF. NUL and controls are allowed here.
[[nodiscard]] bool is_utf8(std::string_view octets) noexcept;

// ISO-8859-15: every octet has a character, so this cannot fail.
[[nodiscard]] std::string latin9_to_utf8(std::string_view octets);

// Windows code page 1252. nullopt: one of the five octets it leaves without a character.
[[nodiscard]] std::optional<std::string> windows_1252_to_utf8(std::string_view octets);

// Plain ASCII for file names and subjects: Latin letters lose their accents, ligatures are opened (Œ -> OE),
// typographic quotes, dashes and spaces become plain, combining accents vanish; anything else outside ASCII becomes
// '?'. ASCII is kept as it is, controls too: the caller checks has_control().
[[nodiscard]] std::string ascii_fold(std::string_view utf8);

// True if an octet below 0x20 (TAB, CR and LF too), DEL, or a C1 control (U+0080 to U+009F) occurs.
[[nodiscard]] bool has_control(std::string_view utf8) noexcept;

// For XML text and attribute values in either quotes: & < > " ' as entities. Controls that XML 1.0 §2.2 forbids become
// U+FFFD. Input is UTF-8.
[[nodiscard]] std::string xml_escape(std::string_view utf8);
}
