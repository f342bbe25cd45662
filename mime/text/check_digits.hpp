// mime/text/check_digits.hpp: check digits of the French identifiers (mssante.md §9.3). A valid number proves that it
// was typed well, never who it belongs to. Algorithms: Luhn (RPPS, FINESS), 97 rule (INS matricule). Pure, any thread.
#pragma once

#include <string_view>

namespace mime {
[[nodiscard]] bool all_digits(std::string_view text) noexcept;  // false when empty
[[nodiscard]] bool passes_luhn(std::string_view digits) noexcept;

// 11 digits, Luhn over all of them.
[[nodiscard]] bool is_rpps(std::string_view text) noexcept;

// 9 characters: department (digits, or 2A and 2B, for which the key rule is not published and is not applied) and 7
// digits; Luhn over the 9.
[[nodiscard]] bool is_finess(std::string_view text) noexcept;

// 13 characters and a two-digit key: key = 97 - (N mod 97), department 2A read as 19 and 2B as 18.
[[nodiscard]] bool is_ins_matricule(std::string_view text) noexcept;
}
