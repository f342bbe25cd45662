#include "mime/message/binary_form.hpp"

#include <algorithm>

#include "mime/text/ascii.hpp"
#include "mime/text/base64.hpp"

namespace mime::message {
namespace {
constexpr std::string_view line_end = "\r\n";
constexpr std::size_t line_characters = 76;  // RFC 2045 §6.8
constexpr std::size_t line_octets = line_characters + line_end.size();

// The one field of that name; nullptr if there is none, or several, of which nobody knows who reads which.
const header_field* find_only(const header_view& header, std::string_view name)
{
    const header_field* found = nullptr;
    for (const header_field& field : header.fields()) {
        if (!same_text(field.name, name)) continue;
        if (found != nullptr) return nullptr;
        found = &field;
    }
    return found;
}

bool is_sealed_part(const header_view& header)
{
    const header_field* type = find_only(header, "Content-Type");
    if (type == nullptr) return false;
    const std::string value = unfold(type->value);
    return same_text(trim(std::string_view(value).substr(0, value.find(';'))), "application/pkcs7-mime");
}

// Every LF behind a CR, as in the mails we write.
bool has_whole_lines(std::string_view header) noexcept
{
    for (std::size_t at = 0; (at = header.find('\n', at)) != std::string_view::npos; ++at)
        if (at == 0 || header[at - 1] != '\r') return false;
    return header.ends_with("\r\n\r\n");
}

// Lines of 76, the last one as long or shorter, all ended. How many characters they hold; 0: they are others.
std::size_t count_characters(std::string_view body) noexcept
{
    if (!body.ends_with(line_end)) return 0;
    const std::size_t full = body.size() / line_octets;
    for (std::size_t i = 0; i < full; ++i)
        if (body.substr(i * line_octets + line_characters, line_end.size()) != line_end) return 0;
    const std::size_t rest = body.size() % line_octets;
    if (rest != 0 && rest <= line_end.size()) return 0;
    const std::size_t characters = full * line_characters + (rest == 0 ? 0 : rest - line_end.size());
    return characters % 4 == 0 ? characters : 0;
}

// Nothing when encoding it again would not give the same text. Blanks among the characters show in the number of
// octets, bits that stand for nothing in the last group.
std::optional<std::string> decode_strictly(std::string_view body)
{
    const std::size_t characters = count_characters(body);
    if (characters == 0) return std::nullopt;
    const std::string_view last_group = body.substr(body.size() - line_end.size() - 4, 4);
    const auto padding = static_cast<std::size_t>(std::count(last_group.begin(), last_group.end(), '='));
    if (padding > 2) return std::nullopt;
    auto octets = base64_decode(body);
    if (octets.has_error() || octets->size() != characters / 4 * 3 - padding) return std::nullopt;
    const std::size_t of_group = 3 - padding;
    if (base64_encode(std::string_view(*octets).substr(octets->size() - of_group)) != last_group) return std::nullopt;
    return std::move(*octets);
}
}

std::optional<binary_form> make_binary_form(std::string_view mail, const header_limits& limits)
{
    const auto header = header_view::read(mail, limits);
    if (header.has_error()) return std::nullopt;
    const std::string_view written = mail.substr(0, header->octets());
    const header_field* encoding = find_only(*header, "Content-Transfer-Encoding");
    if (encoding == nullptr || !same_text(unfold(encoding->value), "base64")) return std::nullopt;
    if (!has_whole_lines(written) || !is_sealed_part(*header)) return std::nullopt;
    auto body = decode_strictly(mail.substr(header->octets()));
    if (!body) return std::nullopt;
    const auto before = static_cast<std::size_t>(encoding->raw.data() - mail.data());
    std::string said(written.substr(0, before));
    said.append("Content-Transfer-Encoding: binary\r\n").append(written.substr(before + encoding->raw.size()));
    return binary_form{std::move(said), std::move(*body)};
}
}
