#include "mime/render/fonts.hpp"

// The files are named by the build; an assembler directive costs no generated source of some megabytes.
asm(R"(
    .section .rodata.liaison_fonts, "a", @progbits
    .balign 16
    .hidden liaison_font_regular
    .globl liaison_font_regular
liaison_font_regular:
    .incbin ")" LIAISON_FONT_REGULAR R"("
    .hidden liaison_font_regular_end
    .globl liaison_font_regular_end
liaison_font_regular_end:
    .balign 16
    .hidden liaison_font_bold
    .globl liaison_font_bold
liaison_font_bold:
    .incbin ")" LIAISON_FONT_BOLD R"("
    .hidden liaison_font_bold_end
    .globl liaison_font_bold_end
liaison_font_bold_end:
    .text
)");

extern "C" {
extern const char liaison_font_regular[];
extern const char liaison_font_regular_end[];
extern const char liaison_font_bold[];
extern const char liaison_font_bold_end[];
}

namespace mime::render {
const truetype_font& embedded_font(font_weight weight)
{
    const auto between = [](const char* from, const char* to) {
        return std::string_view(from, static_cast<std::size_t>(to - from));
    };
    if (weight == font_weight::bold) {
        static const truetype_font bold(between(liaison_font_bold, liaison_font_bold_end));
        return bold;
    }
    static const truetype_font regular(between(liaison_font_regular, liaison_font_regular_end));
    return regular;
}
}
