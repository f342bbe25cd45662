#include "mime/message/entity.hpp"

#include "mime/message/etpan.hpp"
#include "mime/message/header.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/base64.hpp"
#include "mime/text/charset.hpp"

#include <functional>

namespace mime::message {
namespace {
std::string text_or_empty(const char* text)
{
    return text == nullptr ? std::string() : std::string(text);
}

std::string type_name(const mailmime_type& type)
{
    if (type.tp_type == MAILMIME_TYPE_COMPOSITE_TYPE && type.tp_data.tp_composite_type != nullptr) {
        const auto& composite = *type.tp_data.tp_composite_type;
        if (composite.ct_type == MAILMIME_COMPOSITE_TYPE_MESSAGE) return "message";
        if (composite.ct_type == MAILMIME_COMPOSITE_TYPE_MULTIPART) return "multipart";
        return lower(text_or_empty(composite.ct_token));
    }
    if (type.tp_type != MAILMIME_TYPE_DISCRETE_TYPE || type.tp_data.tp_discrete_type == nullptr) return "application";
    switch (type.tp_data.tp_discrete_type->dt_type) {
        case MAILMIME_DISCRETE_TYPE_TEXT: return "text";
        case MAILMIME_DISCRETE_TYPE_IMAGE: return "image";
        case MAILMIME_DISCRETE_TYPE_AUDIO: return "audio";
        case MAILMIME_DISCRETE_TYPE_VIDEO: return "video";
        case MAILMIME_DISCRETE_TYPE_APPLICATION: return "application";
        default: return lower(text_or_empty(type.tp_data.tp_discrete_type->dt_extension));
    }
}

transfer_encoding encoding_of(const mailmime_mechanism& mechanism) noexcept
{
    switch (mechanism.enc_type) {
        case MAILMIME_MECHANISM_7BIT: return transfer_encoding::seven_bit;
        case MAILMIME_MECHANISM_8BIT: return transfer_encoding::eight_bit;
        case MAILMIME_MECHANISM_BINARY: return transfer_encoding::binary;
        case MAILMIME_MECHANISM_QUOTED_PRINTABLE: return transfer_encoding::quoted_printable;
        case MAILMIME_MECHANISM_BASE64: return transfer_encoding::base64;
        default: return transfer_encoding::other;
    }
}

void read_content_type(const mailmime_content* content, part& out)
{
    if (content == nullptr || content->ct_type == nullptr) {
        out.type = "text";  // RFC 2045 §5.2
        out.subtype = "plain";
        return;
    }
    out.type = type_name(*content->ct_type);
    out.subtype = lower(text_or_empty(content->ct_subtype));
    etpan::each<mailmime_parameter>(content->ct_parameters, [&](const mailmime_parameter& p) {
        out.parameters.push_back({lower(text_or_empty(p.pa_name)), text_or_empty(p.pa_value)});
    });
}

parameter disposition_parameter(const mailmime_disposition_parm& p)
{
    switch (p.pa_type) {
        case MAILMIME_DISPOSITION_PARM_FILENAME: return {"filename", text_or_empty(p.pa_data.pa_filename)};
        case MAILMIME_DISPOSITION_PARM_CREATION_DATE:
            return {"creation-date", text_or_empty(p.pa_data.pa_creation_date)};
        case MAILMIME_DISPOSITION_PARM_MODIFICATION_DATE:
            return {"modification-date", text_or_empty(p.pa_data.pa_modification_date)};
        case MAILMIME_DISPOSITION_PARM_READ_DATE: return {"read-date", text_or_empty(p.pa_data.pa_read_date)};
        case MAILMIME_DISPOSITION_PARM_SIZE: return {"size", std::to_string(p.pa_data.pa_size)};
        default:
            if (p.pa_data.pa_parameter == nullptr) return {};
            return {lower(text_or_empty(p.pa_data.pa_parameter->pa_name)),
                    text_or_empty(p.pa_data.pa_parameter->pa_value)};
    }
}

void read_disposition(const mailmime_disposition& disposition, part& out)
{
    if (disposition.dsp_type != nullptr) {
        switch (disposition.dsp_type->dsp_type) {
            case MAILMIME_DISPOSITION_TYPE_INLINE: out.disposition = "inline"; break;
            case MAILMIME_DISPOSITION_TYPE_ATTACHMENT: out.disposition = "attachment"; break;
            default: out.disposition = lower(text_or_empty(disposition.dsp_type->dsp_extension));
        }
    }
    etpan::each<mailmime_disposition_parm>(disposition.dsp_parms, [&](const mailmime_disposition_parm& p) {
        if (auto value = disposition_parameter(p); !value.name.empty())
            out.disposition_parameters.push_back(std::move(value));
    });
}

void read_fields(const mailmime_fields* fields, part& out)
{
    if (fields == nullptr) return;
    etpan::each<mailmime_field>(fields->fld_list, [&](const mailmime_field& field) {
        if (field.fld_type == MAILMIME_FIELD_TRANSFER_ENCODING && field.fld_data.fld_encoding != nullptr)
            out.encoding = encoding_of(*field.fld_data.fld_encoding);
        if (field.fld_type == MAILMIME_FIELD_DISPOSITION && field.fld_data.fld_disposition != nullptr)
            read_disposition(*field.fld_data.fld_disposition, out);
    });
}

void name_file(part& out)
{
    auto name = find_parameter(out.disposition_parameters, "filename");
    if (!name) name = find_parameter(out.parameters, "name");
    if (name) out.file_name = decode_words(*name);  // RFC 2047 in parameters is wrong and common
}

// Copies libetpan's tree into values. Its pointers are checked against the bytes before any becomes an offset.
class collector {
public:
    collector(std::string_view message, const scan_limits& limits) : message_(message), limits_(limits) {}

    result<part_tree> run(const mailmime& top)
    {
        // libetpan wraps every mail in a node of its own; what we call the root is the entity below it.
        const mailmime* root = &top;
        if (top.mm_type == MAILMIME_MESSAGE && top.mm_parent == nullptr &&
            top.mm_data.mm_message.mm_msg_mime != nullptr)
            root = top.mm_data.mm_message.mm_msg_mime;
        add(*root, 0, 1);
        if (failure_) return failure_;
        return std::move(tree_);
    }

private:
    std::optional<std::size_t> add(const mailmime& node, std::size_t header_start, std::size_t depth)
    {
        if (tree_.size() >= limits_.max_parts) return fail(message_errc::too_many_parts);
        if (depth > limits_.max_mime_depth) return fail(message_errc::mime_too_deep);
        part out;
        read_content_type(node.mm_content_type, out);
        read_fields(node.mm_mime_fields, out);
        name_file(out);
        if (!place(node, header_start, out)) return fail(message_errc::malformed);
        const std::size_t index = tree_.size();
        tree_.push_back(std::move(out));
        add_children(node, index, depth);
        return index;
    }

    void add_children(const mailmime& node, std::size_t index, std::size_t depth)
    {
        std::vector<std::size_t> children;
        if (node.mm_type == MAILMIME_MULTIPLE) {
            tree_[index].kind = part_kind::multipart;
            etpan::each<mailmime>(node.mm_data.mm_multipart.mm_mp_list, [&](const mailmime& child) {
                if (failure_) return;
                if (const auto added = add(child, start_of(child), depth + 1)) children.push_back(*added);
            });
        } else if (node.mm_type == MAILMIME_MESSAGE && node.mm_data.mm_message.mm_msg_mime != nullptr) {
            tree_[index].kind = part_kind::message;
            if (const auto added = add(*node.mm_data.mm_message.mm_msg_mime, tree_[index].body_start, depth + 1))
                children.push_back(*added);
        }
        tree_[index].children = std::move(children);
    }

    // libetpan leaves the empty line of a part without header fields out of the part; a signature covers it.
    std::size_t start_of(const mailmime& child) const noexcept
    {
        const std::size_t start = offset(child.mm_mime_start);
        if (start == std::string_view::npos || child.mm_body == nullptr ||
            child.mm_body->dt_data.dt_text.dt_data != child.mm_mime_start)
            return start;
        const std::string_view before = message_.substr(0, start);
        return before.ends_with("\n\r\n") ? start - 2 : before.ends_with("\n\n") ? start - 1 : start;
    }

    bool place(const mailmime& node, std::size_t header_start, part& out) const
    {
        if (node.mm_body == nullptr || node.mm_body->dt_type != MAILMIME_DATA_TEXT) return false;
        const std::size_t body = offset(node.mm_body->dt_data.dt_text.dt_data);
        const std::size_t octets = node.mm_body->dt_data.dt_text.dt_length;
        if (body > message_.size() || octets > message_.size() - body || header_start > body) return false;
        out.header_start = header_start;
        out.body_start = body;
        out.end = body + octets;
        return true;
    }

    std::size_t offset(const char* at) const noexcept
    {
        const std::less<const char*> before;  // a total order, also for foreign pointers
        const char* first = message_.data();
        if (at == nullptr || before(at, first) || before(first + message_.size(), at)) return std::string_view::npos;
        return static_cast<std::size_t>(at - first);
    }

    std::optional<std::size_t> fail(message_errc code)
    {
        failure_ = code;
        return std::nullopt;
    }

    std::string_view message_;
    const scan_limits& limits_;
    part_tree tree_;
    boost::system::error_code failure_;
};

// %XX, and the charset'language' prefix of the first piece (RFC 2231 §4). Only UTF-8, ASCII and Latin are known.
std::string percent_decode(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto digit = [&](std::size_t i) -> int {
            if (i >= text.size()) return -1;
            const char c = to_lower(text[i]);
            return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        };
        if (text[at] == '%' && digit(at + 1) >= 0 && digit(at + 2) >= 0) {
            out += static_cast<char>(digit(at + 1) * 16 + digit(at + 2));
            at += 2;
        } else {
            out += text[at];
        }
    }
    return out;
}

const parameter* named(const std::vector<parameter>& all, std::string_view name)
{
    for (const auto& p : all)
        if (p.name == name) return &p;
    return nullptr;
}

std::string with_charset(std::string_view charset, std::string octets)
{
    if (same_text(charset, "iso-8859-1") || same_text(charset, "iso-8859-15")) return latin9_to_utf8(octets);
    if (!is_utf8(octets)) return latin9_to_utf8(octets);
    return octets;
}

struct extended_text {
    std::string_view charset;
    std::string_view text;
};

extended_text split_charset(std::string_view value)
{
    const auto first = value.find('\'');
    const auto second = first == std::string_view::npos ? first : value.find('\'', first + 1);
    if (second == std::string_view::npos) return {{}, value};
    return {value.substr(0, first), value.substr(second + 1)};
}
}

std::optional<std::string> find_parameter(const std::vector<parameter>& all, std::string_view name)
{
    const std::string base = lower(name);
    if (const auto* extended = named(all, base + '*')) {
        const auto split = split_charset(extended->value);
        return with_charset(split.charset, percent_decode(split.text));
    }
    std::string joined;
    std::string_view charset;
    std::size_t pieces = 0;
    for (; pieces < all.size(); ++pieces) {
        const std::string piece_name = base + '*' + std::to_string(pieces);
        if (const auto* extended = named(all, piece_name + '*')) {
            const auto split = pieces == 0 ? split_charset(extended->value) : extended_text{charset, extended->value};
            charset = split.charset;
            joined += percent_decode(split.text);
        } else if (const auto* plain = named(all, piece_name)) {
            joined += plain->value;
        } else {
            break;
        }
    }
    if (pieces > 0) return with_charset(charset, std::move(joined));
    if (const auto* plain = named(all, base)) return with_charset({}, plain->value);
    return std::nullopt;
}

std::optional<std::string> part::find_parameter(std::string_view name) const
{
    return message::find_parameter(parameters, name);
}

result<part_tree> read_part_tree(std::string_view message, const scan_limits& limits)
{
    const auto scanned = scan_message(message, limits);
    if (!scanned.has_value()) return scanned.error();
    std::size_t at = 0;
    mailmime* raw = nullptr;
    const int failed = mailmime_parse(message.data(), message.size(), &at, &raw);
    const etpan::mime_ptr tree(raw);
    if (failed != MAILIMF_NO_ERROR || tree == nullptr) return message_errc::malformed;
    return collector(message, limits).run(*tree);
}

result<std::string> decode_body(std::string_view body, transfer_encoding encoding)
{
    if (encoding == transfer_encoding::base64) {
        auto decoded = base64_decode(body);
        if (!decoded.has_value()) return message_errc::bad_encoding;
        return std::move(*decoded);
    }
    if (encoding != transfer_encoding::quoted_printable || body.empty()) return std::string(body);
    std::size_t at = 0;
    char* raw = nullptr;
    std::size_t octets = 0;
    const int failed =
        mailmime_part_parse(body.data(), body.size(), &at, MAILMIME_MECHANISM_QUOTED_PRINTABLE, &raw, &octets);
    const etpan::decoded_ptr decoded(raw);
    if (failed != MAILIMF_NO_ERROR || decoded == nullptr) return message_errc::bad_encoding;
    return std::string(decoded.get(), octets);
}

std::string_view parsed_entity::header(const part& of) const noexcept
{
    return std::string_view(bytes_).substr(of.header_start, of.body_start - of.header_start);
}

std::string_view parsed_entity::body(const part& of) const noexcept
{
    return std::string_view(bytes_).substr(of.body_start, of.end - of.body_start);
}

std::string_view parsed_entity::whole(const part& of) const noexcept
{
    return std::string_view(bytes_).substr(of.header_start, of.end - of.header_start);
}

result<std::string> parsed_entity::decoded_body(const part& of) const
{
    return decode_body(body(of), of.encoding);
}

const part* parsed_entity::find(std::string_view type, std::string_view subtype) const noexcept
{
    std::size_t embedded_end = 0;  // parts come in reading order: those of an embedded mail start before its end
    for (const auto& candidate : parts_) {
        if (candidate.header_start < embedded_end) continue;
        if (candidate.kind != part_kind::multipart && candidate.is(type, subtype)) return &candidate;
        if (candidate.kind == part_kind::message) embedded_end = candidate.end;
    }
    return nullptr;
}

const part* parsed_entity::find_file(std::string_view file_name) const noexcept
{
    for (const auto& candidate : parts_)
        if (candidate.kind == part_kind::leaf && same_text(candidate.file_name, file_name)) return &candidate;
    return nullptr;
}

result<parsed_entity> read_entity(std::string bytes, const scan_limits& limits)
{
    auto parts = read_part_tree(bytes, limits);
    if (!parts.has_value()) return parts.error();
    return parsed_entity(std::move(bytes), std::move(*parts));
}
}
