#include "mime/smime/layer.hpp"

#include "mime/message/entity.hpp"
#include "mime/message/header.hpp"
#include "mime/text/ascii.hpp"

#include <vector>

namespace mime::smime {
namespace {
std::string_view media_type(std::string_view content_type)
{
    return trim(content_type.substr(0, content_type.find(';')));
}

bool is_one_of(std::string_view type, std::string_view plain, std::string_view experimental)
{
    return same_text(type, plain) || same_text(type, experimental);
}

result<std::string> decode(std::string_view body, const std::optional<std::string>& encoding)
{
    using enum message::transfer_encoding;
    const std::string_view name = encoding ? trim(*encoding) : std::string_view("7bit");
    auto kind = binary;
    if (same_text(name, "base64")) kind = base64;
    if (same_text(name, "quoted-printable")) kind = quoted_printable;
    auto octets = message::decode_body(body, kind);
    if (!octets.has_value()) return smime_errc::malformed_entity;
    return octets;
}

struct entity_view {
    std::string content_type;  // unfolded; empty when absent
    std::optional<std::string> encoding;
    std::string_view body;
};

result<entity_view> read_entity_view(std::string_view entity)
{
    const auto header = message::header_view::read(entity);
    if (!header.has_value()) return smime_errc::malformed_entity;
    return entity_view{header->find("Content-Type").value_or(""), header->find("Content-Transfer-Encoding"),
                       entity.substr(header->octets())};
}

// One line of `text` from `at`, without its end; `next` is where the following line starts.
struct line {
    std::string_view text;
    std::size_t next;
};
line line_at(std::string_view text, std::size_t at)
{
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return {text.substr(at), text.size()};
    const std::size_t stop = end > at && text[end - 1] == '\r' ? end - 1 : end;
    return {text.substr(at, stop - at), end + 1};
}

enum class delimiter { none, part, close };
delimiter read_delimiter(std::string_view text, std::string_view boundary)
{
    if (!text.starts_with("--") || !text.substr(2).starts_with(boundary)) return delimiter::none;
    std::string_view rest = text.substr(2 + boundary.size());
    const bool close = rest.starts_with("--");
    if (close) rest.remove_prefix(2);
    if (!trim(rest).empty()) return delimiter::none;  // transport padding is blanks only (RFC 2046 §5.1.1)
    return close ? delimiter::close : delimiter::part;
}

// The parts of a multipart body, each without the line end before its delimiter, which belongs to the delimiter.
std::vector<std::string_view> split_parts(std::string_view body, std::string_view boundary, std::size_t max_parts)
{
    std::vector<std::string_view> parts;
    std::optional<std::size_t> start;
    for (std::size_t at = 0; at < body.size() && parts.size() <= max_parts;) {
        const line here = line_at(body, at);
        const delimiter found = read_delimiter(here.text, boundary);
        if (found != delimiter::none) {
            if (start) {
                std::size_t end = at > *start ? at - 1 : at;                            // LF
                if (end > *start && body[end] == '\n' && body[end - 1] == '\r') --end;  // CRLF
                parts.push_back(body.substr(*start, end - *start));
            }
            if (found == delimiter::close) return parts;
            start = here.next;
        }
        at = here.next;
    }
    return {};  // no close delimiter: cut short
}

result<std::optional<layer>> read_multipart_signed(const entity_view& outer)
{
    const auto protocol = read_parameter(outer.content_type, "protocol");
    if (!protocol || !is_one_of(*protocol, "application/pkcs7-signature", "application/x-pkcs7-signature"))
        return std::optional<layer>();  // OpenPGP, for one: not ours to judge
    const auto boundary = read_parameter(outer.content_type, "boundary");
    if (!boundary || boundary->empty() || boundary->size() > 70) return smime_errc::malformed_entity;
    constexpr std::size_t wanted = 2;  // RFC 1847 §2.1: exactly two
    const auto parts = split_parts(outer.body, *boundary, wanted);
    if (parts.size() != wanted) return smime_errc::malformed_entity;
    const auto signature = read_entity_view(parts[1]);
    if (!signature.has_value()) return signature.error();
    if (!is_one_of(media_type(signature->content_type), "application/pkcs7-signature", "application/x-pkcs7-signature"))
        return smime_errc::malformed_entity;
    auto cms = decode(signature->body, signature->encoding);
    if (!cms.has_value()) return cms.error();
    return layer{*std::move(cms), parts[0]};
}
}

std::optional<std::string> read_parameter(std::string_view field, std::string_view name)
{
    std::size_t at = field.find(';');
    while (at < field.size()) {
        ++at;  // the semicolon
        const std::size_t name_end = field.find_first_of("=;", at);
        if (name_end == std::string_view::npos) return std::nullopt;
        const std::string_view found = trim(field.substr(at, name_end - at));
        at = name_end;
        if (field[at] == ';') continue;
        at = field.find_first_not_of(" \t\r\n", at + 1);
        if (at == std::string_view::npos) return std::nullopt;
        std::string value;
        if (field[at] == '"') {
            for (++at; at < field.size() && field[at] != '"'; ++at) {
                if (field[at] == '\\' && at + 1 < field.size()) ++at;
                value += field[at];
            }
            at = field.find(';', at);
        } else {
            const std::size_t end = std::min(field.find(';', at), field.size());
            value = trim(field.substr(at, end - at));
            at = end;
        }
        if (same_text(found, name)) return value;
    }
    return std::nullopt;
}

result<std::optional<layer>> read_layer(std::string_view entity)
{
    const auto outer = read_entity_view(entity);
    if (!outer.has_value()) return outer.error();
    const std::string_view type = media_type(outer->content_type);
    if (same_text(type, "multipart/signed")) return read_multipart_signed(*outer);
    if (!is_one_of(type, "application/pkcs7-mime", "application/x-pkcs7-mime")) return std::optional<layer>();
    auto cms = decode(outer->body, outer->encoding);
    if (!cms.has_value()) return cms.error();
    return layer{*std::move(cms)};
}
}
