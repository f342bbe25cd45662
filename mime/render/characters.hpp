// mime/render/characters.hpp: from UTF-8 to what can be drawn. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mime/render/fonts.hpp"

namespace mime::render {
// Takes one character off the front of `text`, which is not empty; U+FFFD for octets that are not UTF-8.
[[nodiscard]] char32_t take_character(std::string_view& text) noexcept;

// What is drawn for it: blanks of all kinds as themselves or as a space, U+FFFD where the font has no glyph. nullopt:
// nothing (controls, soft hyphen, zero-width characters).
struct drawn {
    char32_t character;
    std::uint16_t glyph;
};
[[nodiscard]] std::optional<drawn> drawn_as(const truetype_font& font, char32_t character) noexcept;
}
