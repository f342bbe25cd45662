// The stored form of a section map: one line per entry, "path start body end [start body end]", path "-" for the mail
// itself.
#include "mime/message/imap_view.hpp"
#include "mime/text/cursor.hpp"

#include <algorithm>

namespace mime::message {
namespace {
void append(std::string& out, const section_range& range)
{
    out.append(" ").append(std::to_string(range.start)).append(" ").append(std::to_string(range.end));
}

std::optional<section_range> read_range(cursor& in, std::size_t message_octets)
{
    if (!in.accept(' ')) return std::nullopt;
    const auto start = in.accept_number(1, 19);
    if (!start || !in.accept(' ')) return std::nullopt;
    const auto end = in.accept_number(1, 19);
    if (!end || *start > *end || *end > message_octets) return std::nullopt;
    return section_range{static_cast<std::size_t>(*start), static_cast<std::size_t>(*end)};
}

bool is_path(std::string_view path)
{
    return !path.empty() && path.front() != '.' && path.back() != '.' &&
           path.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::optional<section_entry> read_entry(std::string_view line, std::size_t message_octets)
{
    cursor in(line);
    const std::string_view path = in.take_until(' ');
    if (path != "-" && !is_path(path)) return std::nullopt;
    const auto header = read_range(in, message_octets);
    const auto content = header ? read_range(in, message_octets) : std::nullopt;
    if (!content) return std::nullopt;
    section_entry out{path == "-" ? "" : std::string(path), *header, *content, std::nullopt, std::nullopt};
    if (in.at_end()) return out;
    out.inner_header = read_range(in, message_octets);
    out.inner_text = out.inner_header ? read_range(in, message_octets) : std::nullopt;
    if (!out.inner_text || !in.at_end()) return std::nullopt;
    return out;
}
}

const section_entry* section_map::find(std::string_view path) const noexcept
{
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const section_entry& entry) { return entry.path == path; });
    return found == entries_.end() ? nullptr : &*found;
}

std::string section_map::write_text() const
{
    std::string out;
    for (const auto& entry : entries_) {
        out += entry.path.empty() ? "-" : entry.path;
        append(out, entry.header);
        append(out, entry.content);
        if (entry.inner_header && entry.inner_text) {
            append(out, *entry.inner_header);
            append(out, *entry.inner_text);
        }
        out += '\n';
    }
    return out;
}

std::optional<section_map> read_section_map(std::string_view text, std::size_t message_octets)
{
    constexpr std::size_t max_entries = 2000;
    std::vector<section_entry> entries;
    for (cursor in(text); !in.at_end();) {
        const std::string_view line = in.take_until('\n');
        if (!in.accept('\n') || entries.size() == max_entries) return std::nullopt;
        auto entry = read_entry(line, message_octets);
        if (!entry) return std::nullopt;
        entries.push_back(std::move(*entry));
    }
    if (entries.empty() || !entries.front().path.empty()) return std::nullopt;
    return section_map(std::move(entries));
}
}
