#include "mime/hl7/message.hpp"

#include "mime/text/charset.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace mime::hl7 {
namespace {
constexpr delimiters standard;

// The `number`-th part (from 1) of `raw` between separators; empty if there are fewer.
std::string_view part(std::string_view raw, char separator, std::size_t number) noexcept
{
    if (number == 0) return {};
    for (; number > 1; --number) {
        const std::size_t at = raw.find(separator);
        if (at == std::string_view::npos) return {};
        raw.remove_prefix(at + 1);
    }
    return raw.substr(0, raw.find(separator));
}

std::optional<unsigned> hex_digit(char c) noexcept
{
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    return std::nullopt;
}

std::optional<std::string> hex_octets(std::string_view digits)
{
    if (digits.empty() || digits.size() % 2 != 0) return std::nullopt;
    std::string octets;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const auto high = hex_digit(digits[i]);
        const auto low = hex_digit(digits[i + 1]);
        if (!high || !low) return std::nullopt;
        octets += static_cast<char>(*high * 16 + *low);
    }
    if (!is_utf8(octets) || octets.find('\0') != std::string::npos) return std::nullopt;
    return octets;
}

// What stands between two escape characters; nullopt if it is no sequence we know.
std::optional<std::string> escaped(std::string_view sequence, const delimiters& marks)
{
    if (sequence == "F") return std::string(1, marks.field);
    if (sequence == "S") return std::string(1, marks.component);
    if (sequence == "T") return std::string(1, marks.subcomponent);
    if (sequence == "R") return std::string(1, marks.repetition);
    if (sequence == "E") return std::string(1, marks.escape);
    if (sequence == "H" || sequence == "N") return std::string();
    if (sequence == ".br") return std::string("\n");
    if (sequence.starts_with('X')) return hex_octets(sequence.substr(1));
    return std::nullopt;
}

char escape_letter(char c) noexcept
{
    switch (c) {
        case '|': return 'F';
        case '^': return 'S';
        case '&': return 'T';
        case '~': return 'R';
        case '\\': return 'E';
        default: return '\0';
    }
}

void append_escaped(std::string& out, char c)
{
    const char letter = escape_letter(c);
    if (letter == '\0') {
        out += c;
    } else {
        out.append({'\\', letter, '\\'});
    }
}

bool is_name(std::string_view text) noexcept
{
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return text.size() == 3 && upper(text[0]) && (upper(text[1]) || digit(text[1])) &&
           (upper(text[2]) || digit(text[2]));
}

hl7_errors one(int code, std::string location, std::string text)
{
    return {hl7_error{code, std::move(location), std::move(text), ack_code::AE}};
}

// Offsets are counted in UTF-8, from the M of MSH.
std::string at_octet(std::size_t offset)
{
    return "à l'octet " + std::to_string(offset);
}

struct line {
    std::string_view text;
    bool terminated;
};

// Lines ended by CR, LF or CRLF, without the empty ones; stops one past max_lines.
std::vector<line> split_lines(std::string_view text, std::size_t max_lines)
{
    std::vector<line> lines;
    std::size_t cr = text.find('\r');
    std::size_t lf = text.find('\n');
    for (std::size_t at = 0; at < text.size() && lines.size() <= max_lines;) {
        if (cr != std::string_view::npos && cr < at) cr = text.find('\r', at);
        if (lf != std::string_view::npos && lf < at) lf = text.find('\n', at);
        const std::size_t end = std::min({cr, lf, text.size()});
        if (end > at) lines.push_back({text.substr(at, end - at), end < text.size()});
        at = end + 1;
    }
    return lines;
}

// MSH-18, trimmed. `marks` are those of the message.
std::string_view charset_name(std::string_view octets, const delimiters& marks) noexcept
{
    const std::string_view msh = octets.substr(0, octets.find_first_of("\r\n"));
    std::string_view name = part(part(msh, marks.field, 18), marks.repetition, 1);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    return name;
}

hl7_result<std::vector<segment>> split_segments(std::string_view text, const delimiters* marks, last_segment ending,
                                                const message_limits& limits)
{
    const std::vector<line> lines = split_lines(text, limits.max_segments);
    if (lines.size() > limits.max_segments) return one(condition::other, "", "Message trop long : trop de segments");
    std::vector<segment> segments;
    segments.reserve(lines.size());
    std::map<std::string_view, std::size_t> counts;
    for (const line& each : lines) {
        const std::string_view name = each.text.substr(0, 3);
        const std::string previous = segments.empty() ? "MSH^1" : segments.back().location();
        if (!is_name(name) || (each.text.size() > 3 && each.text[3] != marks->field)) {
            return one(condition::segment_sequence, previous,
                       "La ligne qui suit ce segment n'est pas un segment HL7, " +
                           at_octet(static_cast<std::size_t>(each.text.data() - text.data())));
        }
        if (name == "MSH" && !segments.empty()) {
            return one(condition::cardinality, "MSH^2", "Un seul message par fichier");
        }
        segments.emplace_back(each.text, ++counts[name], marks);
    }
    if (ending == last_segment::terminated && !lines.back().terminated) {
        return one(condition::other, segments.back().location(), "Message tronqué : ce segment n'a pas de fin");
    }
    return segments;
}

// The first segment that is not UTF-8 is found by its rank, without showing anything of it.
std::string bad_line_location(std::string_view text)
{
    std::map<std::string_view, std::size_t> counts;
    for (const line& each : split_lines(text, message_limits().max_segments)) {
        const std::string_view name = each.text.substr(0, 3);
        if (!is_name(name)) break;
        const std::size_t sequence = ++counts[name];
        if (!is_utf8(each.text)) return std::string(name) + '^' + std::to_string(sequence);
    }
    return "MSH^1^18";
}
}

std::string unescape(std::string_view raw, const delimiters& marks)
{
    if (raw == "\"\"") return {};
    std::size_t at = raw.find(marks.escape);
    if (at == std::string_view::npos) return std::string(raw);
    std::string text;
    text.reserve(raw.size());
    while (at != std::string_view::npos) {
        text += raw.substr(0, at);
        raw.remove_prefix(at);
        const std::size_t end = raw.find(marks.escape, 1);
        const auto value = end == std::string_view::npos ? std::nullopt : escaped(raw.substr(1, end - 1), marks);
        if (value) {
            text += *value;
            raw.remove_prefix(end + 1);
        } else {
            text += raw.front();
            raw.remove_prefix(1);
        }
        at = raw.find(marks.escape);
    }
    text += raw;
    return text;
}

std::string escape(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\r' || c == '\n') {
            if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
            out += "\\.br\\";
        } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
            append_escaped(out, c);
        }
    }
    return out;
}

std::string with_standard_delimiters(std::string_view raw, const delimiters& marks)
{
    std::string out;
    out.reserve(raw.size());
    for (const char c : raw) {
        if (c == marks.component) {
            out += standard.component;
        } else if (c == marks.repetition) {
            out += standard.repetition;
        } else if (c == marks.subcomponent) {
            out += standard.subcomponent;
        } else if (c == marks.escape) {
            out += standard.escape;
        } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
            append_escaped(out, c);
        }
    }
    return out;
}

component component::sub(std::size_t number) const noexcept
{
    return {part(raw_, marks_->subcomponent, number), marks_};
}

hl7::component repetition::component(std::size_t number) const noexcept
{
    return {part(raw_, marks_->component, number), marks_};
}

std::vector<hl7::repetition> field::repetitions() const
{
    std::vector<hl7::repetition> all;
    if (raw_.empty()) return all;
    for (std::string_view left = raw_;;) {
        const std::size_t at = left.find(marks_->repetition);
        all.emplace_back(left.substr(0, at), marks_);
        if (at == std::string_view::npos) return all;
        left.remove_prefix(at + 1);
    }
}

hl7::repetition field::first() const noexcept
{
    return {part(raw_, marks_->repetition, 1), marks_};
}

hl7::field segment::field(std::size_t number) const noexcept
{
    if (name() != "MSH") return {part(raw_, marks_->field, number + 1), marks_};
    if (number == 1) return {raw_.substr(std::min<std::size_t>(3, raw_.size()), 1), marks_};
    return {part(raw_, marks_->field, number), marks_};
}

std::string segment::location(std::size_t field, std::size_t component, std::size_t repetition) const
{
    std::string place(name());
    place += '^' + std::to_string(sequence_);
    if (field != 0) place += '^' + std::to_string(field);
    if (field != 0 && component != 0) place += '^' + std::to_string(repetition) + '^' + std::to_string(component);
    return place;
}

std::optional<segment> message::first(std::string_view name) const noexcept
{
    const auto found =
        std::find_if(segments_.begin(), segments_.end(), [&](const segment& s) { return s.name() == name; });
    if (found == segments_.end()) return std::nullopt;
    return *found;
}

std::size_t message::count(std::string_view name) const noexcept
{
    return static_cast<std::size_t>(
        std::count_if(segments_.begin(), segments_.end(), [&](const segment& s) { return s.name() == name; }));
}

std::optional<delimiters> read_delimiters(std::string_view octets) noexcept
{
    if (octets.size() < 8 || !octets.starts_with("MSH")) return std::nullopt;
    const delimiters marks{octets[3], octets[4], octets[5], octets[6], octets[7]};
    std::array all = {marks.field, marks.component, marks.repetition, marks.escape, marks.subcomponent};
    const auto sign = [](char c) {
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        return c > 0x20 && c < 0x7f && !letter && c != '"';
    };
    if (!std::all_of(all.begin(), all.end(), sign)) return std::nullopt;
    std::sort(all.begin(), all.end());
    if (std::adjacent_find(all.begin(), all.end()) != all.end()) return std::nullopt;
    // MSH-2 may have a fifth sign since v2.7 (truncation), which nothing here uses; any other length is a damaged
    // MSH-2.
    const std::string_view rest = octets.substr(8);
    if (!rest.starts_with(marks.field) && !(rest.size() > 1 && rest[1] == marks.field && sign(rest[0]))) {
        return std::nullopt;
    }
    return marks;
}

std::string_view without_frame(std::string_view octets) noexcept
{
    if (octets.starts_with("\xef\xbb\xbf")) octets.remove_prefix(3);
    while (!octets.empty() && std::string_view("\x0b\r\n \t").find(octets.front()) != std::string_view::npos) {
        octets.remove_prefix(1);
    }
    std::string_view inner = octets;
    while (inner.ends_with('\r') || inner.ends_with('\n')) inner.remove_suffix(1);
    if (inner.ends_with('\x1c')) return inner.substr(0, inner.size() - 1);
    return octets;
}

hl7_result<message> borrow_message(std::string_view octets, last_segment ending, const message_limits& limits)
{
    if (octets.size() > limits.max_octets) return one(condition::application, "", "Message trop volumineux");
    if (const std::size_t zero = octets.find('\0'); zero != std::string::npos) {
        return one(condition::data_type, "", "Octet nul dans le message, " + at_octet(zero));
    }
    std::string_view body = without_frame(octets);
    const auto marks = read_delimiters(body);
    if (!marks) {
        const bool named = body.starts_with("MSH");
        return one(named ? condition::other : condition::segment_sequence, named ? "MSH^1^2" : "MSH^1",
                   named ? "Délimiteurs illisibles" : "Le message ne commence pas par MSH");
    }
    message result;
    const std::string_view name = charset_name(body, *marks);
    if (name == "8859/15") {
        result.charset_ = charset::latin9;
        result.text_ = std::make_unique<const std::string>(latin9_to_utf8(body));
        body = *result.text_;
    } else if (name != "UNICODE UTF-8") {
        return one(name.empty() ? condition::required_field_missing : condition::table_value_not_found, "MSH^1^18",
                   "Jeu de caractères attendu : UNICODE UTF-8 ou 8859/15");
    } else if (!is_utf8(body)) {
        return one(condition::data_type, bad_line_location(body), "Texte qui n'est pas de l'UTF-8");
    }
    result.marks_ = std::make_unique<const delimiters>(*marks);
    auto segments = split_segments(body, result.marks_.get(), ending, limits);
    if (!segments.has_value()) return segments.error();
    result.segments_ = *std::move(segments);
    return result;
}

hl7_result<message> read_message(std::string octets, last_segment ending, const message_limits& limits)
{
    auto kept = std::make_unique<const std::string>(std::move(octets));
    auto read = borrow_message(*kept, ending, limits);
    if (read.has_value() && read->text_ == nullptr) read->text_ = std::move(kept);
    return read;
}
}
