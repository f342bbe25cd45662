#include "mime/message/header.hpp"

#include "mime/text/ascii.hpp"

namespace mime::message {
namespace {
constexpr std::size_t preferred_line_octets = 78;  // RFC 5322 §2.1.1
constexpr std::size_t max_line_octets = 998;
constexpr std::size_t max_message_id_octets = 250;

// The next line with its end (LF, with or without CR).
std::string_view take_line(std::string_view text) noexcept
{
    const auto end = text.find('\n');
    return end == std::string_view::npos ? text : text.substr(0, end + 1);
}

std::string_view without_end(std::string_view line) noexcept
{
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

bool is_field_name(std::string_view name) noexcept
{
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c > 32 && c < 127 && c != ':'; });
}

std::optional<header_field> split_field(std::string_view raw)
{
    const auto colon = raw.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view name = raw.substr(0, colon);
    while (!name.empty() && is_wsp(name.back())) name.remove_suffix(1);  // RFC 5322 §4.5.8, obsolete but seen
    if (!is_field_name(name)) return std::nullopt;
    return header_field{name, without_end(raw.substr(colon + 1)), raw};
}

bool is_msg_id(std::string_view id) noexcept
{
    const auto at = id.find('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == id.size() || id.size() > max_message_id_octets)
        return false;
    return std::all_of(id.begin(), id.end(), [](char c) { return c > 32 && c < 127 && c != '<' && c != '>'; });
}
}

std::size_t header_octets(std::string_view message) noexcept
{
    std::size_t at = 0;
    while (at < message.size()) {
        const std::string_view line = take_line(message.substr(at));
        at += line.size();
        if (without_end(line).empty() && line.ends_with('\n')) return at;
    }
    return message.size();
}

result<header_view> header_view::read(std::string_view message, const header_limits& limits)
{
    header_view out;
    out.octets_ = header_octets(message);
    if (out.octets_ > limits.max_octets) return message_errc::header_too_large;
    const std::string_view header = message.substr(0, out.octets_);
    for (std::size_t at = 0; at < header.size();) {
        std::size_t end = at + take_line(header.substr(at)).size();
        if (without_end(header.substr(at, end - at)).empty()) break;
        while (end < header.size() && is_wsp(header[end])) end += take_line(header.substr(end)).size();
        if (const auto field = split_field(header.substr(at, end - at))) {
            if (out.fields_.size() == limits.max_fields) return message_errc::header_too_large;
            out.fields_.push_back(*field);
        }
        at = end;
    }
    return out;
}

std::optional<std::string> header_view::find(std::string_view name) const
{
    for (const auto& field : fields_)
        if (same_text(field.name, name)) return unfold(field.value);
    return std::nullopt;
}

std::vector<std::string> header_view::find_all(std::string_view name) const
{
    std::vector<std::string> out;
    for (const auto& field : fields_)
        if (same_text(field.name, name)) out.push_back(unfold(field.value));
    return out;
}

std::string unfold(std::string_view folded)
{
    std::string out;
    out.reserve(folded.size());
    for (const char c : trim(folded))
        if (c != '\r' && c != '\n') out += c;
    return out;
}

result<std::string> write_field(std::string_view name, std::string_view value)
{
    if (!is_field_name(name)) return message_errc::bad_header_name;
    std::string out(name);
    out += ':';
    std::size_t line_start = 0;
    for (std::size_t at = 0; at < value.size();) {  // one word with the blanks before it, after another
        std::size_t word = at;
        while (word < value.size() && is_wsp(value[word])) ++word;
        std::size_t end = word;
        while (end < value.size() && !is_wsp(value[end])) {
            if (is_control(value[end]) || is_8bit(value[end])) return message_errc::bad_header_value;
            ++end;
        }
        const std::string_view blanks = at == 0 ? " " : value.substr(at, word - at);
        const bool fits = out.size() - line_start + blanks.size() + (end - word) <= preferred_line_octets;
        if (end == word) break;  // blanks at the end say nothing
        if (!fits && at != 0) {
            out += "\r\n";
            line_start = out.size();
        }
        out.append(blanks).append(value.substr(word, end - word));
        if (out.size() - line_start > max_line_octets) return message_errc::bad_header_length;
        at = end;
    }
    return out += "\r\n";
}

result<std::string> write_message_id(std::string_view id)
{
    if (!is_msg_id(id)) return message_errc::bad_message_id;
    return '<' + std::string(id) + '>';
}

std::vector<std::string> read_message_ids(std::string_view value, std::size_t max_ids)
{
    std::vector<std::string> out;
    for (auto open = value.find('<'); open != std::string_view::npos && out.size() < max_ids;
         open = value.find('<', open)) {
        const auto close = value.find('>', open);
        if (close == std::string_view::npos) break;
        const std::string id = unfold(value.substr(open + 1, close - open - 1));
        if (is_msg_id(id)) out.push_back(id);
        open = close;
    }
    return out;
}

std::optional<std::string> read_message_id(std::string_view value)
{
    auto ids = read_message_ids(value, 1);
    if (!ids.empty()) return std::move(ids.front());
    const std::string bare = unfold(value);  // some MDN writers forget the angle brackets
    if (is_msg_id(bare)) return bare;
    return std::nullopt;
}
}
