#include "mime/sidecar/form.hpp"

#include <algorithm>

#include "mime/text/ascii.hpp"

namespace mime::sidecar {
namespace {
bool ends_with(std::string_view name, std::string_view ending) noexcept
{
    if (name.size() <= ending.size()) return false;
    return std::equal(ending.begin(), ending.end(), name.end() - static_cast<std::ptrdiff_t>(ending.size()),
                      [](char lower, char c) { return lower == to_lower(c); });
}
}

bool has_sidecar_ending(std::string_view file_name) noexcept
{
    return std::any_of(sidecar_endings.begin(), sidecar_endings.end(),
                       [&](std::string_view ending) { return ends_with(file_name, ending); });
}

sidecar_form form_of(std::string_view file_name, std::string_view text) noexcept
{
    const std::size_t first = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
    if (first != std::string_view::npos && text[first] == '{') return sidecar_form::json;
    if (ends_with(file_name, ".json")) return sidecar_form::json;
    return ends_with(file_name, ".csv") ? sidecar_form::csv : sidecar_form::key_value;
}
}
