#include "relay/http/assets.hpp"

#include <algorithm>
#include <array>

#include "mime/text/digest.hpp"

// The files are named by the build; an assembler directive costs no generated source.
// NOLINTBEGIN(bugprone-macro-parentheses): a symbol is declared
#define LIAISON_ASSET(symbol, file)                                                             \
    asm(".section .rodata.liaison_assets, \"a\", @progbits\n"                                   \
        ".hidden " #symbol "\n.globl " #symbol "\n" #symbol ":\n.incbin \"" file                \
        "\"\n"                                                                                  \
        ".hidden " #symbol "_end\n.globl " #symbol "_end\n" #symbol "_end:\n.byte 0\n.text\n"); \
    extern "C" {                                                                                \
    extern const char symbol[];                                                                 \
    extern const char symbol##_end[];                                                           \
    }

LIAISON_ASSET(liaison_asset_style, LIAISON_ASSETS "/style.css")
LIAISON_ASSET(liaison_asset_figures, LIAISON_ASSETS "/figures.js")
LIAISON_ASSET(liaison_asset_icon, LIAISON_ASSETS "/icon.svg")
LIAISON_ASSET(liaison_asset_chart, LIAISON_CHART_JS)
// NOLINTEND(bugprone-macro-parentheses)

namespace relay::http {
namespace {
asset made(std::string_view name, std::string_view type, const char* from, const char* to)
{
    const std::string_view octets(from, static_cast<std::size_t>(to - from));
    return {name, type, octets, "\"" + mime::hex(mime::sha256(octets)).substr(0, 16) + "\"",
            "/assets/" + std::string(name)};
}
}

std::span<const asset> all_assets()
{
    static const std::array<asset, 4> all{
        made("style.css", "text/css; charset=utf-8", liaison_asset_style, liaison_asset_style_end),
        made("figures.js", "text/javascript; charset=utf-8", liaison_asset_figures, liaison_asset_figures_end),
        made("icon.svg", "image/svg+xml", liaison_asset_icon, liaison_asset_icon_end),
        made("chart.js", "text/javascript; charset=utf-8", liaison_asset_chart, liaison_asset_chart_end)};
    return all;
}

const asset* find_asset(std::string_view path)
{
    const auto all = all_assets();
    const auto found = std::find_if(all.begin(), all.end(), [&](const asset& one) { return one.path == path; });
    return found == all.end() ? nullptr : &*found;
}

std::string_view asset_path(std::string_view name)
{
    const auto all = all_assets();
    const auto found = std::find_if(all.begin(), all.end(), [&](const asset& one) { return one.name == name; });
    return found == all.end() ? std::string_view() : std::string_view(found->path);
}
}
