#include "mime/cda/pdf.hpp"

#include <algorithm>
#include <initializer_list>

namespace mime::cda {
namespace {
constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t head_octets = 1024;
constexpr std::size_t tail_octets = 2048;

// A PDF name ends at a blank or a delimiter (ISO 32000-1 §7.2.2), so that /EncryptMetadata is not /Encrypt.
bool ends_name(char c)
{
    return std::string_view("\0\t\n\f\r ()<>[]{}/%", 16).find(c) != npos;
}

bool has_name(std::string_view bytes, std::string_view name)
{
    for (std::size_t at = bytes.find(name); at != npos; at = bytes.find(name, at + 1)) {
        const std::size_t after = at + name.size();
        if (after == bytes.size() || ends_name(bytes[after])) return true;
    }
    return false;
}

// The value after an XMP property, written as element (<pdfaid:part>1<) or attribute (pdfaid:part="1").
std::string xmp_value(std::string_view bytes, std::string_view property)
{
    const std::size_t at = bytes.find(property);
    if (at == npos) return {};
    std::string_view rest = bytes.substr(at + property.size(), 8);
    rest.remove_prefix(std::min(rest.find_first_not_of(">=\"' "), rest.size()));
    const std::size_t end = std::min<std::size_t>(rest.find_first_not_of("0123456789ABUabu"), rest.size());
    return std::string(rest.substr(0, end));
}
}

pdf_facts look_at_pdf(std::string_view bytes)
{
    pdf_facts facts;
    facts.has_header = bytes.substr(0, head_octets).find("%PDF-") != npos;
    if (!facts.has_header) return facts;
    facts.has_end_mark = bytes.substr(bytes.size() - std::min(bytes.size(), tail_octets)).find("%%EOF") != npos;
    facts.is_encrypted = has_name(bytes, "/Encrypt");
    for (const std::string_view name : {"/JavaScript", "/JS", "/Launch", "/EmbeddedFiles"}) {
        facts.has_active_content = facts.has_active_content || has_name(bytes, name);
    }
    const std::string part = xmp_value(bytes, "pdfaid:part");
    if (!part.empty()) facts.claimed_pdf_a = part + xmp_value(bytes, "pdfaid:conformance");
    return facts;
}
}
