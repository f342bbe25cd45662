// Which character set a flat file is in: declared, marked, or proved by its octets, never guessed.
#include <algorithm>
#include <array>

#include "mime/sidecar/flat.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/charset.hpp"

namespace mime::sidecar::detail {
namespace {
enum class charset { utf8, latin9, windows_1252 };

std::optional<charset> charset_of(std::string_view name)
{
    struct row {
        std::string_view name;
        charset what;
    };
    // What is called ISO-8859-1 is read as Windows-1252, which only adds characters in the place of controls.
    constexpr std::array rows = {
        row{"utf-8", charset::utf8},
        row{"utf8", charset::utf8},
        row{"iso-8859-15", charset::latin9},
        row{"latin9", charset::latin9},
        row{"windows-1252", charset::windows_1252},
        row{"cp1252", charset::windows_1252},
        row{"iso-8859-1", charset::windows_1252},
    };
    const std::string wanted = lower(name);
    for (const row& one : rows) {
        if (one.name == wanted) return one.what;
    }
    return std::nullopt;
}

bool is_plain(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// The octets that ISO-8859-15 and Windows-1252 read as two different characters.
bool is_ambiguous(char c)
{
    return std::string_view("\xA4\xA6\xA8\xB4\xB8\xBC\xBD\xBE").find(c) != std::string_view::npos;
}

bool is_windows_only(char c)
{
    const auto octet = static_cast<unsigned char>(c);
    return octet >= 0x80 && octet < 0xA0;
}

sidecar_error unreadable(const flat_pair& pair, std::string text)
{
    return flat_error(sidecar_errc::encoding, pair.key, std::move(text), pair.at);
}

sidecar_result<charset> detected(const std::vector<flat_pair>& pairs)
{
    const auto broken =
        std::find_if(pairs.begin(), pairs.end(), [](const flat_pair& pair) { return !is_utf8(pair.value); });
    if (broken == pairs.end()) return charset::utf8;
    const auto any_of_them = [&](bool (*fits)(char)) {
        return std::find_if(pairs.begin(), pairs.end(), [&](const flat_pair& pair) {
            return std::any_of(pair.value.begin(), pair.value.end(), fits);
        });
    };
    for (const flat_pair& pair : pairs) {
        if (is_utf8(pair.value) && !is_plain(pair.value)) return unreadable(*broken, "plusieurs encodages mélangés");
    }
    if (any_of_them(is_windows_only) != pairs.end()) return charset::windows_1252;
    if (const auto pair = any_of_them(is_ambiguous); pair != pairs.end())
        return unreadable(*pair,
                          "caractère ambigu entre ISO-8859-15 et Windows-1252 : ajouter encoding, ou écrire en UTF-8");
    return charset::latin9;
}
}

sidecar_result<void> to_utf8(std::vector<flat_pair>& pairs, std::string_view declared, utf8_mark mark)
{
    charset what = charset::utf8;
    if (!declared.empty()) {
        const auto named = charset_of(declared);
        if (!named || (mark == utf8_mark::present && *named != charset::utf8))
            return sidecar_error{
                sidecar_errc::encoding, "encoding", "encodage attendu : UTF-8, ISO-8859-15 ou Windows-1252", {}};
        what = *named;
    } else if (mark == utf8_mark::absent) {
        const auto found = detected(pairs);
        if (!found) return found.error();
        what = *found;
    }
    for (flat_pair& pair : pairs) {
        if (what == charset::latin9) pair.value = latin9_to_utf8(pair.value);
        if (what == charset::windows_1252) {
            auto text = windows_1252_to_utf8(pair.value);
            if (!text) return unreadable(pair, "octet sans caractère en Windows-1252");
            pair.value = std::move(*text);
        }
        if (!is_utf8(pair.value)) return unreadable(pair, "texte qui n'est pas en UTF-8");
    }
    return {};
}
}
