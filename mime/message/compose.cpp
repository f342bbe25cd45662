#include "mime/message/compose.hpp"

#include "mime/message/header.hpp"
#include "mime/text/ascii.hpp"
#include "mime/text/base64.hpp"
#include "mime/text/charset.hpp"

namespace mime::message {
namespace {
constexpr std::size_t body_line_octets = 76;  // RFC 2045 §6.7 (5), §6.8

// One header field, inside and outside. RFC 9788 wants both lists made from one.
struct double_field {
    std::string name;
    std::string inner;
    std::string outer;
};

class field_list {
public:
    void add(std::string_view name, result<std::string> value)
    {
        if (!value.has_value())
            failure_ = value.error();
        else
            fields_.push_back({std::string(name), *value, *value});
    }
    void add(std::string_view name, result<std::string> inner, result<std::string> outer)
    {
        if (!inner.has_value())
            failure_ = inner.error();
        else if (!outer.has_value())
            failure_ = outer.error();
        else
            fields_.push_back({std::string(name), *inner, *outer});
    }
    [[nodiscard]] boost::system::error_code failure() const { return failure_; }
    [[nodiscard]] const std::vector<double_field>& fields() const { return fields_; }

private:
    std::vector<double_field> fields_;
    boost::system::error_code failure_;
};

result<std::string> write_ids(const std::vector<std::string>& ids)
{
    std::string out;
    for (const auto& id : ids) {
        const auto written = write_message_id(id);
        if (!written.has_value()) return written.error();
        if (!out.empty()) out += ' ';
        out += *written;
    }
    return out;
}

field_list letter_fields(const letter_mail& letter)
{
    field_list out;
    out.add("From", write_mailbox(letter.from));
    out.add("To", write_mailbox(letter.to));
    if (letter.reply_to) out.add("Reply-To", write_mailbox(*letter.reply_to));
    out.add("Date", write_date(letter.date));
    out.add("Message-ID", write_message_id(letter.message_id));
    if (!letter.references.empty()) {
        out.add("In-Reply-To", write_message_id(letter.references.back()));
        out.add("References", write_ids(letter.references));
    }
    out.add("Subject", encode_words(letter.subject.reveal()), encode_words(letter.outer_subject));
    if (letter.receipts_to) out.add("Disposition-Notification-To", write_mailbox({"", *letter.receipts_to}));
    for (const auto& field : letter.extra) out.add(field.name, field.value);
    return out;
}

enum class side { inner, outer };

result<std::string> write_fields(const field_list& list, side which)
{
    if (list.failure()) return list.failure();
    std::string out;
    for (const auto& field : list.fields()) {
        const auto line = write_field(field.name, which == side::inner ? field.inner : field.outer);
        if (!line.has_value()) return line;
        out += *line;
    }
    return out;
}

result<std::string> write_outer_copies(const field_list& list)
{
    std::string out;
    for (const auto& field : list.fields()) {
        const auto line = write_field("HP-Outer", field.name + ": " + field.outer);
        if (!line.has_value()) return line;
        out += *line;
    }
    return out;
}

void append_hex(std::string& out, char mark, char octet)
{
    constexpr std::string_view hex = "0123456789ABCDEF";
    out += mark;
    out += hex[static_cast<unsigned char>(octet) >> 4];
    out += hex[static_cast<unsigned char>(octet) & 15U];
}

// One line of text as quoted-printable with soft breaks. A leading "." or "From " is encoded: some servers still touch
// them.
void append_quoted_printable(std::string& out, std::string_view line)
{
    std::size_t column = 0;
    for (std::size_t at = 0; at < line.size(); ++at) {
        const char c = line[at];
        const bool last_blank = is_wsp(c) && at + 1 == line.size();
        const bool fragile = at == 0 && (c == '.' || line.starts_with("From "));
        const bool plain = !is_8bit(c) && c != '=' && (!is_control(c) || c == '\t') && !last_blank && !fragile;
        if (column + (plain ? 1 : 3) > body_line_octets - 1) {
            out += "=\r\n";
            column = 0;
        }
        if (plain)
            out += c;
        else
            append_hex(out, '=', c);
        column += plain ? 1 : 3;
    }
    out += "\r\n";
}

std::string quoted_printable(std::string_view text)
{
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    while (!text.empty()) {
        const auto end = text.find_first_of("\r\n");
        append_quoted_printable(out, text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    return out;
}

bool is_token(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alnum(c) || std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
    });
}

bool is_content_type(std::string_view type) noexcept
{
    const auto slash = type.find('/');
    return slash != std::string_view::npos && is_token(type.substr(0, slash)) && is_token(type.substr(slash + 1));
}

bool is_boundary_token(std::string_view token) noexcept
{
    return token.size() >= 16 && token.size() <= 60 && std::all_of(token.begin(), token.end(), is_alnum);
}

std::string quoted(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out += '"';
}

// RFC 2231 §4, cut into name*0*, name*1* … (§3) where one line would be too long.
std::string extended_parameter(std::string_view name, std::string_view utf8)
{
    constexpr std::size_t piece_octets = 45;
    std::vector<std::string> pieces(1);
    for (const char c : utf8) {
        std::string octet;
        if (is_alnum(c) || c == '-' || c == '_' || c == '.')
            octet = c;
        else
            append_hex(octet, '%', c);
        if (pieces.back().size() + octet.size() > piece_octets) pieces.emplace_back();
        pieces.back() += octet;
    }
    std::string out;
    for (std::size_t n = 0; n < pieces.size(); ++n) {
        out.append(";\r\n ").append(name).append("*");
        if (pieces.size() > 1) out.append(std::to_string(n)).append("*");
        out.append(n == 0 ? "=utf-8''" : "=").append(pieces[n]);
    }
    return out;
}

result<std::vector<std::string>> letter_parts(const letter_mail& letter)
{
    std::vector<std::string> parts;
    parts.reserve(letter.attachments.size() + 1);
    auto text = text_part(letter.text.reveal());
    if (!text.has_value()) return text.error();
    parts.push_back(std::move(*text));
    for (const auto& file : letter.attachments) {
        auto part = attachment_part(file);
        if (!part.has_value()) return part.error();
        parts.push_back(std::move(*part));
    }
    return parts;
}
}

result<std::string> write_parameter(std::string_view name, std::string_view utf8)
{
    constexpr std::size_t max_quoted_octets = 60;
    constexpr std::size_t max_plain_octets = 255;
    if (!is_token(name)) return message_errc::bad_header_name;
    if (!is_utf8(utf8)) return message_errc::bad_encoding;
    if (has_control(utf8)) return message_errc::bad_header_value;
    const std::string plain = ascii_fold(utf8);
    if (plain.size() > max_plain_octets) return message_errc::bad_header_length;
    std::string out;
    // Where the plain form is too long for a line or not exact, the extended one comes first: Python takes the first of
    // the two, the other readers look for the extended one wherever it stands.
    if (plain != utf8 || plain.size() > max_quoted_octets) out = extended_parameter(name, utf8);
    return out.append(";\r\n ").append(name).append("=").append(quoted(plain));
}

result<std::string> text_part(std::string_view utf8)
{
    if (!is_utf8(utf8)) return message_errc::bad_encoding;
    return "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
           "Content-Disposition: inline\r\n\r\n" +
           quoted_printable(utf8);
}

result<std::string> attachment_part(const attachment& file)
{
    if (!is_content_type(file.content_type)) return message_errc::bad_header_value;
    const auto file_name = write_parameter("filename", file.file_name.reveal());
    const auto name = write_parameter("name", ascii_fold(file.file_name.reveal()));
    if (!file_name.has_value()) return file_name;
    if (!name.has_value()) return name;
    std::string out = "Content-Type: " + file.content_type + *name + "\r\nContent-Transfer-Encoding: base64\r\n" +
                      "Content-Disposition: attachment" + *file_name + "\r\n\r\n";
    return out += base64_encode(file.octets, body_line_octets);
}

result<std::string> write_multipart(std::string_view subtype, std::string_view boundary_token,
                                    const std::vector<std::string>& parts, std::string_view type_parameters,
                                    std::string_view fields_before)
{
    if (!is_boundary_token(boundary_token) || !is_token(subtype) || parts.empty()) return message_errc::bad_boundary;
    const std::string boundary = "=_" + std::string(boundary_token);
    std::size_t octets = 512 + fields_before.size() + type_parameters.size();
    for (const auto& part : parts) octets += part.size() + boundary.size() + 8;
    std::string out;
    out.reserve(octets);
    out.append(fields_before)
        .append("Content-Type: multipart/")
        .append(subtype)
        .append(";\r\n boundary=\"")
        .append(boundary)
        .append("\"");
    out.append(type_parameters).append("\r\n\r\n");
    for (const auto& part : parts) {
        out.append("--").append(boundary).append("\r\n").append(part);
        if (!part.ends_with("\r\n")) out += "\r\n";
    }
    return out.append("--").append(boundary).append("--\r\n");
}

result<std::string> compose_letter_entity(const letter_mail& letter)
{
    const field_list list = letter_fields(letter);
    auto fields = write_fields(list, side::inner);
    if (!fields.has_value()) return fields;
    const auto copies = write_outer_copies(list);
    if (!copies.has_value()) return copies;
    const auto parts = letter_parts(letter);
    if (!parts.has_value()) return parts.error();
    return write_multipart("mixed", letter.boundary_token, *parts, ";\r\n hp=\"cipher\"", *fields + *copies);
}

result<std::string> compose_outer_header(const letter_mail& letter)
{
    auto fields = write_fields(letter_fields(letter), side::outer);
    if (!fields.has_value()) return fields;
    return *fields + "MIME-Version: 1.0\r\n";
}

result<std::string> compose_clear_letter(const letter_mail& letter)
{
    auto fields = write_fields(letter_fields(letter), side::inner);
    if (!fields.has_value()) return fields;
    const auto parts = letter_parts(letter);
    if (!parts.has_value()) return parts.error();
    return write_multipart("mixed", letter.boundary_token, *parts, {}, *fields + "MIME-Version: 1.0\r\n");
}
}
