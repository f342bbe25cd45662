#include "mime/cda/xml_scan.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "mime/text/ascii.hpp"
#include "mime/text/charset.hpp"

namespace mime::cda {
namespace {
constexpr std::string_view utf8_bom = "\xEF\xBB\xBF";

cda_error error_at(cda_errc code, std::size_t offset, std::string text)
{
    return {code, "offset " + std::to_string(offset), std::move(text)};
}

bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// The value of encoding="…" in the XML declaration, if there is one.
std::optional<std::string_view> declared_encoding(std::string_view text)
{
    if (text.substr(0, 5) != "<?xml" || text.size() < 6 || !is_space(text[5])) return std::nullopt;
    const std::string_view declaration = text.substr(0, text.find("?>"));
    std::size_t at = declaration.find("encoding");
    if (at == std::string_view::npos) return std::nullopt;
    at = declaration.find_first_of("\"'", at);
    if (at == std::string_view::npos) return std::string_view();
    const std::size_t end = declaration.find(declaration[at], at + 1);
    return end == std::string_view::npos ? std::string_view() : declaration.substr(at + 1, end - at - 1);
}

cda_result<void> check_bytes(std::string_view text)
{
    if (text.substr(0, 2) == "\xFE\xFF" || text.substr(0, 2) == "\xFF\xFE") {
        return error_at(cda_errc::encoding, 0, "UTF-16 : seul UTF-8 est accepté");
    }
    if (const std::size_t at = text.find('\0'); at != std::string_view::npos) {
        return error_at(cda_errc::nul_byte, at, "octet nul dans le document");
    }
    if (!is_utf8(text)) return cda_error{cda_errc::encoding, "document", "octets qui ne sont pas de l'UTF-8"};
    const auto declared = declared_encoding(text);
    if (declared && !same_text(*declared, "utf-8") && !same_text(*declared, "utf8")) {
        return error_at(cda_errc::encoding, 0, "encodage déclaré autre que UTF-8");
    }
    return {};
}

class scanner {
public:
    scanner(std::string_view text, const cda_limits& limits, std::vector<base64_run>* runs)
        : text_(text), limits_(limits), runs_(runs)
    {
    }

    cda_result<void> run()
    {
        while (at_ < text_.size()) {
            const std::size_t open = std::min(text_.find('<', at_), text_.size());
            if (auto checked = check_text(text_.substr(at_, open - at_), at_); !checked) return checked;
            at_ = open;
            if (at_ == text_.size()) break;
            if (auto passed = markup(); !passed) return passed;
        }
        if (depth_ != 0 || roots_ == 0) return malformed("document incomplet");
        return {};
    }

private:
    cda_error malformed(std::string text) const { return error_at(cda_errc::malformed, at_, std::move(text)); }

    bool starts(std::string_view with) const { return text_.substr(at_, with.size()) == with; }

    cda_result<void> skip_past(std::string_view end, std::size_t opening)
    {
        const std::size_t found = text_.find(end, at_ + opening);
        if (found == std::string_view::npos) return malformed("balise non fermée");
        at_ = found + end.size();
        return {};
    }

    cda_result<void> markup()
    {
        in_data_ = false;
        if (starts("<!--")) return skip_past("-->", 4);
        if (starts("<![CDATA[")) return depth_ == 0 ? malformed("texte hors de la racine") : skip_past("]]>", 9);
        if (starts("<!")) return error_at(cda_errc::doctype, at_, "déclaration DOCTYPE ou équivalent refusée");
        if (starts("<?")) return skip_past("?>", 2);
        if (starts("</")) {
            if (depth_ == 0) return malformed("balise fermante sans ouvrante");
            --depth_;
            return skip_past(">", 2);
        }
        return start_tag();
    }

    static bool ends_name_or_value(char c) { return c == '<' || c == '>' || c == '"' || c == '\''; }

    cda_result<void> start_tag()
    {
        if (depth_ == 0 && ++roots_ > 1) return malformed("plusieurs racines");
        if (++elements_ > limits_.max_elements) return error_at(cda_errc::too_many_nodes, at_, "trop d'éléments");
        std::size_t here = 0;
        std::size_t end = at_ + 1;
        for (;; ++end) {
            while (end < text_.size() && !ends_name_or_value(text_[end])) ++end;
            if (end == text_.size() || text_[end] == '<') return malformed("balise non fermée");
            if (text_[end] == '>') break;
            if (++attributes_ > limits_.max_attributes || ++here > limits_.max_element_attributes) {
                return error_at(cda_errc::too_many_nodes, at_, "trop d'attributs");
            }
            const std::size_t close = text_.find(text_[end], end + 1);
            if (close == std::string_view::npos) return malformed("attribut non fermé");
            const std::string_view value = text_.substr(end + 1, close - end - 1);
            if (value.find('<') != std::string_view::npos) return malformed("attribut non fermé");
            if (auto checked = check_references(value, end + 1); !checked) return checked;
            end = close;
        }
        in_data_ = holds_data(text_.substr(at_ + 1, end - at_ - 1));
        if (text_[end - 1] != '/') {
            if (++depth_ > limits_.max_depth) return error_at(cda_errc::too_deep, at_, "éléments trop imbriqués");
        }
        at_ = end + 1;
        return {};
    }

    cda_result<void> check_text(std::string_view run, std::size_t offset)
    {
        if (depth_ == 0) {
            for (const char c : run) {
                if (!is_space(c)) return error_at(cda_errc::malformed, offset, "texte hors de la racine");
            }
        }
        const std::size_t reference = run.find('&');
        if (reference != std::string_view::npos) return check_references(run.substr(reference), offset + reference);
        if (runs_ != nullptr && in_data_ && run.size() >= long_run_octets && starts_like_base64(run)) {
            runs_->push_back({offset, run.size()});
        }
        return {};
    }

    // The elements of a CDA that hold a file: nonXMLBody/text, observationMedia/value. A word of a narrative may look
    // like base64 and must not vanish from it.
    static bool holds_data(std::string_view tag)
    {
        std::string_view name = tag.substr(0, tag.find_first_of(" \t\r\n/"));
        name.remove_prefix(std::min(name.size(), name.find(':') + 1));
        return name == "text" || name == "value";
    }

    static bool starts_like_base64(std::string_view run)
    {
        const std::string_view start = run.substr(0, 1024);
        return std::all_of(start.begin(), start.end(), [](char c) {
            return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '/' && c <= '9') || c == '+' || c == '=' ||
                   c == '\r' || c == '\n';
        });
    }

    static cda_result<void> check_references(std::string_view run, std::size_t offset)
    {
        for (std::size_t at = run.find('&'); at != std::string_view::npos; at = run.find('&', at + 1)) {
            const std::size_t end = run.substr(at, max_reference_octets).find(';');
            if (end == std::string_view::npos)
                return error_at(cda_errc::malformed, offset + at, "référence non fermée");
            const std::string_view name = run.substr(at + 1, end - 1);
            if (name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos") continue;
            const auto value = character_reference(name);
            if (!value) return error_at(cda_errc::malformed, offset + at, "référence à une entité inconnue");
            if (*value == 0) return error_at(cda_errc::nul_byte, offset + at, "référence au caractère nul");
        }
        return {};
    }

    static std::optional<std::uint32_t> character_reference(std::string_view name)
    {
        if (name.size() < 2 || name[0] != '#') return std::nullopt;
        const bool hexadecimal = name[1] == 'x';
        const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
        if (digits.empty()) return std::nullopt;
        std::uint32_t value = 0;
        for (const char c : digits) {
            const std::size_t digit = std::string_view("0123456789abcdef").find(to_lower(c));
            if (digit == std::string_view::npos || (!hexadecimal && digit > 9)) return std::nullopt;
            value = value * (hexadecimal ? 16U : 10U) + static_cast<std::uint32_t>(digit);
            if (value > 0x10FFFF) return std::nullopt;
        }
        if (value >= 0xD800 && value <= 0xDFFF) return std::nullopt;
        return value;
    }

    static constexpr std::size_t max_reference_octets = 16;  // "&#x0010FFFF;" and some zeros

    std::string_view text_;
    const cda_limits& limits_;
    std::vector<base64_run>* runs_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::size_t roots_ = 0;
    std::size_t elements_ = 0;
    std::size_t attributes_ = 0;
    bool in_data_ = false;  // right behind the start tag of an element that may hold a file
};
}

cda_result<void> scan_xml(std::string_view bytes, const cda_limits& limits, std::vector<base64_run>* runs)
{
    if (bytes.size() > limits.max_octets) {
        return cda_error{cda_errc::too_large, "document",
                         "document de plus de " + std::to_string(limits.max_octets) + " octets"};
    }
    const std::size_t mark = bytes.substr(0, utf8_bom.size()) == utf8_bom ? utf8_bom.size() : 0;
    bytes.remove_prefix(mark);
    if (auto checked = check_bytes(bytes); !checked) return checked;
    auto scanned = scanner(bytes, limits, runs).run();
    if (runs != nullptr) {
        for (base64_run& run : *runs) run.offset += mark;
    }
    return scanned;
}
}
