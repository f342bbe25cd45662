// mime/render/pdf_objects.hpp: the objects of a PDF file and its cross-reference table (ISO 32000-1 §7.3, §7.5). For
// the source files of mime/render only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mime::render {
class pdf_objects {
public:
    [[nodiscard]] std::size_t reserve();  // its number; the bytes follow with set() or set_stream()
    void set(std::size_t number, std::string body);
    // `dictionary` without << >> and without /Length.
    void set_stream(std::size_t number, std::string_view dictionary, std::string_view bytes);
    void set_deflated(std::size_t number, std::string_view dictionary, std::string_view bytes);

    // Header, objects, table and trailer; the file id is a digest of the objects.
    [[nodiscard]] std::string finish(std::size_t catalog, std::size_t info) const;

private:
    std::vector<std::string> bodies_;
};

[[nodiscard]] std::string reference(std::size_t number);  // "7 0 R"
[[nodiscard]] std::string number_text(double value);      // two decimals, no locale
// A text string: UTF-16BE with its mark, in hexadecimal.
[[nodiscard]] std::string text_string(std::string_view utf8);
[[nodiscard]] std::string hex16(unsigned value);
}
