// key=value lines, as `.txt` or Java's `.properties`.
#include "mime/sidecar/flat.hpp"

namespace mime::sidecar::detail {
namespace {
constexpr std::string_view blanks = " \t";

// Takes the next line off `text`; LF, CRLF and CR end one.
std::string_view take_line(std::string_view& text)
{
    const std::size_t end = text.find_first_of("\r\n");
    const std::string_view line = text.substr(0, end);
    if (end == std::string_view::npos) {
        text = {};
    } else {
        text.remove_prefix(end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
    }
    return line;
}

std::string_view without_blanks(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}
}

sidecar_result<std::vector<flat_pair>> read_key_value(std::string_view text, const sidecar_limits& limits)
{
    std::vector<flat_pair> pairs;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = take_line(text);
        const std::size_t first = line.find_first_not_of(blanks);
        if (first == std::string_view::npos || std::string_view("#!;").find(line[first]) != std::string_view::npos)
            continue;
        const std::size_t sign = line.find('=');
        if (sign == std::string_view::npos)
            return flat_error(sidecar_errc::not_flat, "", "ligne sans signe =", {number, first + 1});
        if (pairs.size() == limits.max_flat_keys)
            return flat_error(sidecar_errc::too_many, "", "trop de lignes", {number, first + 1});
        const std::size_t value = line.find_first_not_of(blanks, sign + 1);
        const std::size_t column = (value == std::string_view::npos ? sign + 1 : value) + 1;
        pairs.push_back({std::string(without_blanks(line.substr(0, sign))),
                         std::string(without_blanks(line.substr(sign + 1))),
                         {number, column}});
    }
    return pairs;
}
}
