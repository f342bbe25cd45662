// mime/sidecar/form.hpp: the three forms of a sidecar and the endings of their file names (README.md). A sidecar and
// its PDF have the same name but for the ending. Pure, any thread, no allocation.
#pragma once

#include <array>
#include <string_view>

namespace mime::sidecar {
enum class sidecar_form { json, key_value, csv };

// In the order in which they claim a PDF, should one name come with several of them.
inline constexpr std::array<std::string_view, 4> sidecar_endings = {".json", ".properties", ".csv", ".txt"};

// Whether a file name ends in one of sidecar_endings, in any case.
[[nodiscard]] bool has_sidecar_ending(std::string_view file_name) noexcept;

// A text that begins with "{" is JSON whatever its name; else the ending decides, and key=value is the rest.
[[nodiscard]] sidecar_form form_of(std::string_view file_name, std::string_view text) noexcept;
}
