#include "mime/render/characters.hpp"

namespace mime::render {
namespace {
constexpr char32_t replacement = 0xFFFD;

bool is_invisible(char32_t c) noexcept
{
    return (c < 0x20 && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0xAD || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF;
}

bool is_blank(char32_t c) noexcept
{
    return c == '\t' || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}
}

char32_t take_character(std::string_view& text) noexcept
{
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t size = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    char32_t point = size == 1 ? lead : lead & (0x7FU >> size);
    bool good = size != 0 && size <= text.size();
    for (std::size_t i = 1; good && i < size; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        good = (next & 0xC0U) == 0x80U;
        point = point << 6U | (next & 0x3FU);
    }
    text.remove_prefix(good ? size : 1);
    return good && point <= 0x10FFFF ? point : replacement;
}

std::optional<drawn> drawn_as(const truetype_font& font, char32_t character) noexcept
{
    if (is_invisible(character)) return std::nullopt;
    if (const std::uint16_t glyph = font.glyph_of(character); glyph != 0) return drawn{character, glyph};
    const char32_t instead = is_blank(character) ? U' ' : replacement;
    return drawn{instead, font.glyph_of(instead)};
}
}
