#include "mime/text/check_digits.hpp"

#include <algorithm>
#include <cstdint>

#include "mime/text/ascii.hpp"

namespace mime {
namespace {
bool is_corsica(std::string_view department) noexcept
{
    return department == "2A" || department == "2B";
}
}

bool all_digits(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool passes_luhn(std::string_view digits) noexcept
{
    if (!all_digits(digits)) return false;
    int sum = 0;
    bool doubled = false;
    for (auto it = digits.rbegin(); it != digits.rend(); ++it, doubled = !doubled) {
        const int value = (*it - '0') * (doubled ? 2 : 1);
        sum += value > 9 ? value - 9 : value;
    }
    return sum % 10 == 0;
}

bool is_rpps(std::string_view text) noexcept
{
    return text.size() == 11 && passes_luhn(text);
}

bool is_finess(std::string_view text) noexcept
{
    if (text.size() != 9) return false;
    if (is_corsica(text.substr(0, 2))) return all_digits(text.substr(2));
    return passes_luhn(text);
}

bool is_ins_matricule(std::string_view text) noexcept
{
    if (text.size() != 15 || !all_digits(text.substr(13))) return false;
    const std::string_view department = text.substr(5, 2);
    const bool corsica = is_corsica(department);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 13; ++i) {
        char c = text[i];
        if (corsica && i == 5) c = '1';
        if (corsica && i == 6) c = text[6] == 'A' ? '9' : '8';
        if (!is_digit(c)) return false;
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    const auto key = static_cast<std::uint64_t>(text[13] - '0') * 10 + static_cast<std::uint64_t>(text[14] - '0');
    return key == 97 - number % 97;
}
}
