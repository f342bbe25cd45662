#include "mime/message/imap_view.hpp"

#include "mime/message/address.hpp"
#include "mime/message/header.hpp"
#include "mime/text/ascii.hpp"

namespace mime::message {
namespace {
std::string nil_or_string(const std::optional<std::string>& text)
{
    return text ? write_imap_string(*text) : "NIL";
}

std::string address_list(const std::string& local_name, const std::string& address)
{
    const auto at = address.rfind('@');
    const std::string local = address.substr(0, at);
    const std::string host = at == std::string::npos ? std::string() : address.substr(at + 1);
    return '(' + (local_name.empty() ? "NIL" : write_imap_string(local_name)) + " NIL " + write_imap_string(local) +
           ' ' + write_imap_string(host) + ')';
}

// RFC 3501 §7.4.2: a group is a start (NIL NIL name NIL) and an end (NIL NIL NIL NIL) around its members.
std::string addresses(const std::optional<std::string>& value)
{
    if (!value || value->empty()) return "NIL";
    const auto groups = read_address_list(*value, display_names::as_written);
    if (!groups.has_value()) return "NIL";
    std::string out;
    for (const auto& group : *groups) {
        if (group.is_group) out += "(NIL NIL " + write_imap_string(group.name) + " NIL)";
        for (const auto& member : group.members) out += address_list(member.display_name, member.address);
        if (group.is_group) out += "(NIL NIL NIL NIL)";
    }
    return out.empty() ? "NIL" : '(' + out + ')';
}

std::string envelope_of(std::string_view header)
{
    const auto fields = header_view::read(header);
    if (!fields.has_value()) return "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
    const std::string from = addresses(fields->find("From"));
    const auto or_from = [&](std::string_view name) {  // absent or empty: the same as From
        const std::string list = addresses(fields->find(name));
        return list == "NIL" ? from : list;
    };
    std::string out =
        '(' + nil_or_string(fields->find("Date")) + ' ' + nil_or_string(fields->find("Subject")) + ' ' + from;
    out += ' ' + or_from("Sender") + ' ' + or_from("Reply-To");
    for (const auto* name : {"To", "Cc", "Bcc"}) out += ' ' + addresses(fields->find(name));
    out += ' ' + nil_or_string(fields->find("In-Reply-To")) + ' ' + nil_or_string(fields->find("Message-ID"));
    return out + ')';
}

std::string parameter_list(const std::vector<parameter>& all)
{
    std::string out;
    for (const auto& p : all) {
        if (!out.empty()) out += ' ';
        out += write_imap_string(p.name) + ' ' + write_imap_string(p.value);
    }
    return out.empty() ? "NIL" : '(' + out + ')';
}

std::string_view encoding_name(transfer_encoding encoding) noexcept
{
    switch (encoding) {
        case transfer_encoding::seven_bit: return "\"7BIT\"";
        case transfer_encoding::eight_bit: return "\"8BIT\"";
        case transfer_encoding::binary: return "\"BINARY\"";
        case transfer_encoding::quoted_printable: return "\"QUOTED-PRINTABLE\"";
        case transfer_encoding::base64: return "\"BASE64\"";
        case transfer_encoding::other: break;
    }
    return "\"BINARY\"";
}

std::size_t lines_in(std::string_view body)
{
    return static_cast<std::size_t>(std::count(body.begin(), body.end(), '\n'));
}

std::string language_list(const std::optional<std::string>& value)
{
    if (!value) return "NIL";
    std::string out;
    for (std::string_view rest = *value; !rest.empty();) {
        const auto comma = rest.find(',');
        const auto tag = trim(rest.substr(0, comma));
        if (!tag.empty()) out += (out.empty() ? "" : " ") + write_imap_string(tag);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    return out.empty() ? "NIL" : '(' + out + ')';
}

enum class extension_data { left_out, given };

class structure_writer {
public:
    structure_writer(std::string_view message, const part_tree& tree, extension_data extension)
        : message_(message), tree_(tree), extension_(extension)
    {
    }

    [[nodiscard]] std::string write(const part& of) const
    {
        return of.kind == part_kind::multipart && !of.children.empty() ? multipart(of) : single(of);
    }

private:
    [[nodiscard]] std::string multipart(const part& of) const
    {
        std::string out = "(";
        for (const auto child : of.children) out += write(tree_[child]);
        out += ' ' + write_imap_string(upper(of.subtype));
        if (extension_ == extension_data::given) {
            out += ' ' + parameter_list(of.parameters);
            append_disposition(out, of, fields_of(of));
        }
        return out + ')';
    }

    [[nodiscard]] std::string single(const part& of) const
    {
        // A multipart in which no part was found has no body list to show: RFC 3501 has no form for it.
        const bool hollow = of.kind == part_kind::multipart;
        // The same for a message/rfc822 in which no mail was found: its form needs an envelope.
        const bool unread_mail = of.kind == part_kind::leaf && of.is("message", "rfc822");
        const auto fields = fields_of(of);
        const std::string_view body = message_.substr(of.body_start, of.end - of.body_start);
        const std::string type = hollow ? "TEXT" : unread_mail ? "APPLICATION" : upper(of.type);
        const std::string subtype = hollow ? "PLAIN" : unread_mail ? "OCTET-STREAM" : upper(of.subtype);
        std::string out = '(' + write_imap_string(type) + ' ' + write_imap_string(subtype) + ' ' +
                          (hollow ? "NIL" : parameter_list(of.parameters));
        out += ' ' + nil_or_string(field(fields, "Content-ID")) + ' ' +
               nil_or_string(field(fields, "Content-Description"));
        out.append(" ").append(encoding_name(of.encoding)).append(" ").append(std::to_string(body.size()));
        if (of.kind == part_kind::message) {
            const part& inside = tree_[of.children.front()];
            out += ' ' + envelope_of(message_.substr(inside.header_start, inside.body_start - inside.header_start));
            out += ' ' + write(inside) + ' ' + std::to_string(lines_in(body));
        } else if (hollow || of.type == "text") {
            out += ' ' + std::to_string(lines_in(body));
        }
        if (extension_ == extension_data::given) {
            out += ' ' + nil_or_string(field(fields, "Content-MD5"));
            append_disposition(out, of, fields);
        }
        return out + ')';
    }

    void append_disposition(std::string& out, const part& of, const std::optional<header_view>& fields) const
    {
        if (!of.disposition)
            out += " NIL";
        else
            out += " (" + write_imap_string(upper(*of.disposition)) + ' ' + parameter_list(of.disposition_parameters) +
                   ')';
        out += ' ' + language_list(field(fields, "Content-Language")) + ' ' +
               nil_or_string(field(fields, "Content-Location"));
    }

    [[nodiscard]] std::optional<header_view> fields_of(const part& of) const
    {
        auto read = header_view::read(message_.substr(of.header_start, of.body_start - of.header_start));
        if (!read.has_value()) return std::nullopt;
        return std::move(*read);
    }

    static std::optional<std::string> field(const std::optional<header_view>& fields, std::string_view name)
    {
        return fields ? fields->find(name) : std::nullopt;
    }

    std::string_view message_;
    const part_tree& tree_;
    extension_data extension_;
};

section_range header_of(const part& p)
{
    return {p.header_start, p.body_start};
}
section_range body_of(const part& p)
{
    return {p.body_start, p.end};
}

// Numbers as in RFC 3501 §6.4.5: the parts of a multipart count from 1; a mail that is no multipart has one part, 1.
class section_collector {
public:
    explicit section_collector(const part_tree& tree) : tree_(tree) {}

    section_map run(std::size_t message_octets)
    {
        const part& root = tree_.front();
        const section_range whole{0, message_octets};
        entries_.push_back(
            {"", header_of(root), whole, header_of(root), section_range{root.body_start, message_octets}});
        inside_mail(root, "");
        return section_map(std::move(entries_));
    }

private:
    void inside_mail(const part& root, const std::string& prefix)
    {
        if (root.kind == part_kind::multipart && !root.children.empty())
            children(root, prefix);
        else
            entry(root, prefix + "1");
    }

    void children(const part& of, const std::string& prefix)
    {
        std::size_t number = 0;
        for (const auto child : of.children) entry(tree_[child], prefix + std::to_string(++number));
    }

    void entry(const part& of, const std::string& path)
    {
        entries_.push_back({path, header_of(of), body_of(of), std::nullopt, std::nullopt});
        if (of.kind == part_kind::message) {
            const part& inside = tree_[of.children.front()];
            entries_.back().inner_header = header_of(inside);
            entries_.back().inner_text = body_of(inside);
            inside_mail(inside, path + '.');
        } else if (of.kind == part_kind::multipart) {
            children(of, path + '.');
        }
    }

    const part_tree& tree_;
    std::vector<section_entry> entries_;
};

imap_view opaque_view(std::string_view message, const scan_limits& limits)
{
    imap_view out;
    out.kind = view_kind::opaque;
    // A header too large to be read is none: all of it is text then.
    std::size_t header = header_octets(message.substr(0, limits.max_header_octets));
    if (header == limits.max_header_octets && header < message.size()) header = 0;
    out.envelope = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
    out.body =
        "(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"BINARY\" " + std::to_string(message.size() - header) + ')';
    out.body_structure = out.body.substr(0, out.body.size() - 1) + " NIL NIL NIL NIL)";
    const section_range head{0, header};
    const section_range text{header, message.size()};
    out.sections =
        section_map({{"", head, {0, message.size()}, head, text}, {"1", head, text, std::nullopt, std::nullopt}});
    return out;
}

bool is_chosen(const header_field& field, const section_request& request)
{
    const bool named = std::any_of(request.fields.begin(), request.fields.end(),
                                   [&](const std::string& name) { return same_text(name, field.name); });
    return named == (request.part == section_part::header_fields);
}

std::string chosen_fields(std::string_view header, const section_request& request)
{
    std::string out;
    header_limits any;
    any.max_octets = header.size();
    if (const auto fields = header_view::read(header, any); fields.has_value())
        for (const auto& field : fields->fields())
            if (is_chosen(field, request)) out += field.raw;
    return out += "\r\n";
}
}

std::string write_imap_string(std::string_view octets)
{
    const bool quotable = octets.size() <= 1000 && std::none_of(octets.begin(), octets.end(), [](char c) {
                              return is_8bit(c) || c == '\r' || c == '\n' || c == '\0';
                          });
    if (!quotable) {
        std::string literal;
        for (const char c : octets)
            if (c != '\0') literal += c;  // RFC 3501 §9: CHAR8 is %x01-ff
        return '{' + std::to_string(literal.size()) + "}\r\n" + literal;
    }
    std::string out = "\"";
    for (const char c : octets) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out += '"';
}

imap_view make_imap_view(std::string_view message, const scan_limits& limits)
{
    const auto tree = read_part_tree(message, limits);
    if (!tree.has_value()) return opaque_view(message, limits);
    const part& root = tree->front();
    imap_view out;
    out.envelope = envelope_of(message.substr(root.header_start, root.body_start - root.header_start));
    out.body = structure_writer(message, *tree, extension_data::left_out).write(root);
    out.body_structure = structure_writer(message, *tree, extension_data::given).write(root);
    out.sections = section_collector(*tree).run(message.size());
    return out;
}

std::optional<section_bytes> read_section(std::string_view message, const section_map& sections,
                                          const section_request& request)
{
    const auto* entry = sections.find(request.path);
    if (entry == nullptr) return std::nullopt;
    const auto cut = [&](const section_range& range) -> std::optional<section_bytes> {
        if (range.end > message.size() || range.start > range.end) return std::nullopt;
        return section_bytes(message.substr(range.start, range.end - range.start));
    };
    switch (request.part) {
        case section_part::whole: return cut(entry->content);
        case section_part::mime: return request.path.empty() ? std::nullopt : cut(entry->header);
        case section_part::text: return entry->inner_text ? cut(*entry->inner_text) : std::nullopt;
        case section_part::header:
        case section_part::header_fields:
        case section_part::header_fields_not: break;
    }
    if (!entry->inner_header) return std::nullopt;
    const auto header = cut(*entry->inner_header);
    if (!header || request.part == section_part::header) return header;
    return section_bytes(chosen_fields(header->bytes(), request));
}

std::string_view partial_of(std::string_view bytes, std::uint64_t first, std::uint64_t count) noexcept
{
    if (first >= bytes.size()) return {};
    return bytes.substr(static_cast<std::size_t>(first),
                        static_cast<std::size_t>(std::min<std::uint64_t>(count, bytes.size())));
}
}
