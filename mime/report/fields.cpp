#include "mime/report/fields.hpp"

#include "mime/message/header.hpp"
#include "mime/report/errc.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/cursor.hpp"

namespace mime::report {
namespace {
int hex_value(char c) noexcept  // RFC 3461 §4: capitals only
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
}

std::string_view take_line(std::string_view& left) noexcept
{
    const auto end = left.find('\n');
    std::string_view line = left.substr(0, end);
    left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

result<std::vector<field_block>> read_blocks(std::string_view body, const field_limits& limits)
{
    std::vector<field_block> blocks;
    bool open = false;
    while (!body.empty()) {
        const std::string_view line = take_line(body);
        if (trim(line).empty()) {
            open = false;
            continue;
        }
        if (is_wsp(line[0]) && open) {
            std::string& value = blocks.back().back().value;
            value.append(" ").append(trim(line));
            if (value.size() > limits.max_field_octets) return report_errc::too_large;
            continue;
        }
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        if (!open) {
            if (blocks.size() == limits.max_blocks) return report_errc::too_large;
            blocks.emplace_back();
            open = true;
        }
        if (blocks.back().size() == limits.max_fields) return report_errc::too_large;
        blocks.back().push_back({trim(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
        if (blocks.back().back().value.size() > limits.max_field_octets) return report_errc::too_large;
    }
    return blocks;
}

const std::string* find_field(const field_block& block, std::string_view name) noexcept
{
    for (const auto& field : block)
        if (same_text(field.name, name)) return &field.value;
    return nullptr;
}

std::string typed_value(std::string_view field)
{
    const auto semicolon = field.find(';');
    std::string_view value = trim(semicolon == std::string_view::npos ? field : field.substr(semicolon + 1));
    if (value.starts_with('<') && value.ends_with('>')) value = trim(value.substr(1, value.size() - 2));
    return std::string(value);
}

std::optional<enhanced_status> read_enhanced_status(std::string_view text)
{
    cursor in(text);
    const auto klass = in.accept_number(1, 1);
    if (!klass || (*klass != 2 && *klass != 4 && *klass != 5) || !in.accept('.')) return std::nullopt;
    const auto subject = in.accept_number(1, 3);
    if (!subject || !in.accept('.')) return std::nullopt;
    const auto detail = in.accept_number(1, 3);
    // Exchange and Postfix may add a comment: "5.1.1 (bad address)".
    if (!detail || !(in.at_end() || is_wsp(in.rest().front()) || in.rest().front() == '(')) return std::nullopt;
    return enhanced_status{static_cast<std::uint16_t>(*klass), static_cast<std::uint16_t>(*subject),
                           static_cast<std::uint16_t>(*detail)};
}

std::string write_enhanced_status(const enhanced_status& status)
{
    return std::to_string(status.klass) + '.' + std::to_string(status.subject) + '.' + std::to_string(status.detail);
}

std::optional<std::string> decode_xtext(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] < '!' || text[at] > '~' || text[at] == '=') return std::nullopt;
        if (text[at] != '+') {
            out += text[at];
            continue;
        }
        if (at + 2 >= text.size()) return std::nullopt;
        const int high = hex_value(text[at + 1]);
        const int low = hex_value(text[at + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        at += 2;
    }
    return out;
}

std::string encode_xtext(std::string_view text)
{
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (c >= '!' && c <= '~' && c != '+' && c != '=') {
            out += c;
        } else {
            out += '+';
            out += hex[static_cast<unsigned char>(c) >> 4];
            out += hex[static_cast<unsigned char>(c) & 15U];
        }
    }
    return out;
}
}
