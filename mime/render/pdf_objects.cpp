#include "mime/render/pdf_objects.hpp"

#include <zlib.h>

#include <charconv>
#include <stdexcept>

#include "mime/render/characters.hpp"
#include "mime/text/digest.hpp"

namespace mime::render {
namespace {
std::string deflated(std::string_view bytes)
{
    uLongf size = compressBound(static_cast<uLong>(bytes.size()));
    std::string out(size, '\0');
    if (compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                  static_cast<uLong>(bytes.size()), Z_DEFAULT_COMPRESSION) != Z_OK)
        throw std::runtime_error("deflate");  // no memory: nothing else can fail with a buffer of this size
    out.resize(size);
    return out;
}

std::string ten_digits(std::size_t value)
{
    std::string text = std::to_string(value);
    return std::string(10 - text.size(), '0') + text;
}
}

std::size_t pdf_objects::reserve()
{
    bodies_.emplace_back();
    return bodies_.size();  // object 0 is the head of the free list
}

void pdf_objects::set(std::size_t number, std::string body)
{
    bodies_[number - 1] = std::move(body);
}

void pdf_objects::set_stream(std::size_t number, std::string_view dictionary, std::string_view bytes)
{
    std::string body = "<< " + std::string(dictionary) + " /Length " + std::to_string(bytes.size()) + " >>\nstream\n";
    body.append(bytes).append("\nendstream");
    set(number, std::move(body));
}

void pdf_objects::set_deflated(std::size_t number, std::string_view dictionary, std::string_view bytes)
{
    set_stream(number, std::string(dictionary) + " /Filter /FlateDecode", deflated(bytes));
}

std::string pdf_objects::finish(std::size_t catalog, std::size_t info) const
{
    std::string out = "%PDF-1.7\n%\xE2\xE3\xCF\xD3\n";
    std::string table = "xref\n0 " + std::to_string(bodies_.size() + 1) + "\n0000000000 65535 f \n";
    for (std::size_t i = 0; i < bodies_.size(); ++i) {
        table += ten_digits(out.size()) + " 00000 n \n";
        out += std::to_string(i + 1) + " 0 obj\n" + bodies_[i] + "\nendobj\n";
    }
    const std::string id = hex(sha256(out)).substr(0, 32);
    const std::size_t start = out.size();
    out += table;
    out += "trailer\n<< /Size " + std::to_string(bodies_.size() + 1) + " /Root " + reference(catalog) + " /Info " +
           reference(info) + " /ID [<" + id + "> <" + id + ">] >>\nstartxref\n" + std::to_string(start) + "\n%%EOF\n";
    return out;
}

std::string reference(std::size_t number)
{
    return std::to_string(number) + " 0 R";
}

std::string number_text(double value)
{
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, 2);
    return {buffer, end.ptr};
}

std::string hex16(unsigned value)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (unsigned shift = 16; shift != 0;) {
        shift -= 4;
        out += digits[value >> shift & 0xFU];
    }
    return out;
}

std::string text_string(std::string_view utf8)
{
    std::string out = "<FEFF";
    while (!utf8.empty()) {
        const char32_t c = take_character(utf8);
        if (c >= 0x10000) {
            out += hex16(static_cast<unsigned>(0xD800 + ((c - 0x10000) >> 10U)));
            out += hex16(static_cast<unsigned>(0xDC00 + ((c - 0x10000) & 0x3FFU)));
        } else {
            out += hex16(static_cast<unsigned>(c));
        }
    }
    return out + ">";
}
}
