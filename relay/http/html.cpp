#include "relay/http/html.hpp"

#include <array>

#include "mime/text/ascii.hpp"

namespace relay::http {
namespace {
constexpr std::string_view narrow_blank = "\u202f";
constexpr std::string_view no_value = "–";
}

std::string escape(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default:
                if (mime::is_control(c) && c != '\t' && c != '\n')
                    out += "\ufffd";
                else
                    out += c;
        }
    }
    return out;
}

html& html::attribute(markup name, std::string_view value)
{
    octets_.append(" ").append(name.text()).append("=\"").append(escape(value)).append("\"");
    return *this;
}

std::string url_value(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (mime::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
            out += c;
        else
            out.append({'%', digits[octet >> 4U], digits[octet & 0xFU]});
    }
    return out;
}

std::string number_text(std::int64_t value)
{
    std::string text = std::to_string(value);
    const std::size_t first = value < 0 ? 1 : 0;
    for (std::size_t at = text.size(); at > first + 3; at -= 3) text.insert(at - 3, narrow_blank);
    return text;
}

std::string percent_text(std::int64_t numerator, std::int64_t denominator)
{
    if (denominator == 0) return std::string(no_value);
    const std::int64_t tenths = (numerator * 2000 + denominator) / (denominator * 2);  // half up
    return std::to_string(tenths / 10) + "," + std::to_string(tenths % 10) + std::string(narrow_blank) + "%";
}
}
