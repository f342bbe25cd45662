#include "tests/component/relay/corpus/edits.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "mime/text/base64.hpp"
#include "mime/text/charset.hpp"

namespace corpus {
namespace {
using lines = std::vector<std::string>;

lines split(const std::string& text, char separator)
{
    lines parts(1);
    for (const char c : text) {
        if (c == separator)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

std::string join(const lines& parts, char separator)
{
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : std::string(1, separator)) + parts[i];
    return text;
}

std::string word(std::string_view& from)
{
    const std::size_t end = std::min(from.find(' '), from.size());
    std::string first(from.substr(0, end));
    from.remove_prefix(std::min(end + 1, from.size()));
    return first;
}

struct place {
    std::string name;
    std::size_t sequence = 1, field = 0, component = 0;
};

place read_place(const std::string& text)
{
    place at;
    at.name = text.substr(0, 3);
    std::size_t next = 3;
    const auto number = [&] {
        std::size_t used = 0;
        const std::size_t value = std::stoul(text.substr(next), &used);
        next += used;
        return value;
    };
    if (next < text.size() && text[next] == '[') {
        ++next;
        at.sequence = number();
        ++next;
    }
    if (next < text.size() && text[next] == '-') {
        ++next;
        at.field = number();
    }
    if (next < text.size() && text[next] == '.') {
        ++next;
        at.component = number();
    }
    if (next != text.size()) throw std::invalid_argument("bad place");
    return at;
}

std::size_t line_of(const lines& all, const place& at)
{
    std::size_t left = at.sequence;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].compare(0, 3, at.name) == 0 && --left == 0) return i;
    }
    throw std::invalid_argument("no such segment");
}

// Index of the field after splitting at '|'.
std::size_t index_of(const place& at)
{
    return at.name == "MSH" ? at.field - 1 : at.field;
}

std::string content(const lines& all, const place& at)
{
    const lines fields = split(all[line_of(all, at)], '|');
    if (index_of(at) >= fields.size()) return {};
    if (at.component == 0) return fields[index_of(at)];
    const lines components = split(fields[index_of(at)], '^');
    return at.component <= components.size() ? components[at.component - 1] : std::string();
}

lines with_content(lines all, const place& at, const std::string& value)
{
    std::string& line = all[line_of(all, at)];
    lines fields = split(line, '|');
    if (fields.size() <= index_of(at)) fields.resize(index_of(at) + 1);
    std::string& field = fields[index_of(at)];
    if (at.component == 0) {
        field = value;
    } else {
        lines components = split(field, '^');
        if (components.size() < at.component) components.resize(at.component);
        components[at.component - 1] = value;
        field = join(components, '^');
    }
    line = join(fields, '|');
    return all;
}

std::string octets(std::string_view hex)
{
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return bytes;
}

// The number of fields that differ; one line too many or too few counts as one if all others are the same.
std::size_t differences(const lines& a, const lines& b)
{
    if (a.size() != b.size()) {
        const lines& longer = a.size() > b.size() ? a : b;
        const lines& shorter = a.size() > b.size() ? b : a;
        if (longer.size() != shorter.size() + 1) return longer.size() - shorter.size();
        const auto [at, other] = std::mismatch(shorter.begin(), shorter.end(), longer.begin());
        return std::equal(at, shorter.end(), std::next(other)) ? 1 : 2;
    }
    std::size_t count = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        lines left = split(a[i], '|');
        lines right = split(b[i], '|');
        left.resize(std::max(left.size(), right.size()));
        right.resize(left.size());
        for (std::size_t f = 0; f < left.size(); ++f) count += left[f] != right[f] ? 1U : 0U;
    }
    return count;
}

std::string latin9_of(const std::string& utf8)  // of our own texts: U+0080 to U+00FF only
{
    std::string out;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto c = static_cast<unsigned char>(utf8[i]);
        if (c < 0x80) {
            out += utf8[i];
            continue;
        }
        out += static_cast<char>(((c & 0x1fU) << 6U) | (static_cast<unsigned char>(utf8[++i]) & 0x3fU));
    }
    return out;
}

edited checked(const lines& base, const lines& changed)
{
    const std::size_t count = differences(base, changed);
    return {join(changed, '\r'), count == 1 ? "" : "changes " + std::to_string(count) + " places"};
}

edited swap_segments(const lines& base, const std::string& one, const std::string& other)
{
    lines changed = base;
    std::swap(changed[line_of(base, read_place(one))], changed[line_of(base, read_place(other))]);
    return {join(changed, '\r'), changed == base ? "changes nothing" : ""};
}

edited break_or_cut(const lines& base, const place& at, bool cut)
{
    const std::string value = content(base, at);
    if (value.size() < 2) return {{}, "nothing to break"};
    const std::string mark = "\x01";
    std::string text =
        join(with_content(base, at, value.substr(0, value.size() / 2) + mark + value.substr(value.size() / 2)), '\r');
    const std::size_t middle = text.find(mark);
    if (cut) return {text.substr(0, middle), ""};
    return {text.replace(middle, 1, "\r"), ""};
}

edited in_document(const lines& base, std::string_view rest)
{
    const place at{"OBX", std::stoul(word(rest)), 5, 5};
    const std::size_t arrow = rest.find(" => ");
    const auto document = mime::base64_decode(content(base, at));
    if (arrow == std::string_view::npos || !document.has_value()) return {{}, "bad edit of a document"};
    const std::string from(rest.substr(0, arrow));
    std::string text = *document;
    const std::size_t found = text.find(from);
    if (found == std::string::npos || text.find(from, found + 1) != std::string::npos)
        return {{}, "the document does not hold that text once"};
    text.replace(found, from.size(), rest.substr(arrow + 4));
    return checked(base, with_content(base, at, mime::base64_encode(text)));
}

edited encode(const std::string& base, std::string_view name)
{
    if (name == "latin9") {
        const std::string text = latin9_of(base);
        return {text, mime::latin9_to_utf8(text) == base && text != base ? "" : "not the same text"};
    }
    std::string text = "\xff\xfe";
    for (const char c : latin9_of(base)) text += {c, '\0'};
    return {text, name == "utf16" ? "" : "unknown character set"};
}

edited apply_verb(const std::string& base, std::string_view edit)
{
    const lines all = split(base, '\r');
    std::string_view rest = edit;
    const std::string verb = word(rest);
    if (verb == "open") return {base.substr(0, base.size() - 1), ""};
    if (verb == "encode") return encode(base, rest);
    if (verb == "document") return in_document(all, rest);
    const std::string first = word(rest);
    const place at = read_place(first);
    lines changed = all;
    const auto line = static_cast<std::ptrdiff_t>(line_of(all, at));
    if (verb == "clear") return checked(all, with_content(all, at, ""));
    if (verb == "set") return checked(all, with_content(all, at, std::string(rest)));
    if (verb == "bytes") return checked(all, with_content(all, at, octets(rest)));
    if (verb == "swap") return swap_segments(all, first, std::string(rest));
    if (verb == "break") return break_or_cut(all, at, false);
    if (verb == "cut") return break_or_cut(all, at, true);
    if (verb == "delete") changed.erase(changed.begin() + line);
    if (verb == "double") changed.insert(changed.begin() + line, all[static_cast<std::size_t>(line)]);
    if (verb == "after") changed.insert(changed.begin() + line + 1, std::string(rest));
    return checked(all, changed);
}
}

edited apply(const std::string& base, std::string_view edit)
{
    try {
        return apply_verb(base, edit);
    } catch (const std::exception& why) {
        return {{}, why.what()};
    }
}
}
