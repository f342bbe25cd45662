// relay/http/response.hpp: an answer as a value, and its octets (RFC 9110, RFC 9112 §4, RFC 9111). Nothing of a request
// is ever in a field. Pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "relay/base/clock.hpp"
#include "relay/http/request.hpp"

namespace relay::http {
inline constexpr std::string_view type_html = "text/html; charset=utf-8";
inline constexpr std::string_view type_text = "text/plain; charset=utf-8";

enum class caching { no_store, by_tag };  // by_tag: kept, and asked for again with its tag

struct response {
    unsigned status = 200;
    std::string_view content_type = type_html;            // a constant of the program
    std::variant<std::string, std::string_view> content;  // the view is of what lasts as long as the process
    caching cache = caching::no_store;
    std::string tag;            // ETag, quoted
    std::string_view location;  // a constant of the program; of a redirection

    [[nodiscard]] std::string_view octets() const noexcept
    {
        const auto* own = std::get_if<std::string>(&content);
        return own != nullptr ? std::string_view(*own) : *std::get_if<std::string_view>(&content);
    }
};

// Status line, fields and empty line; the content follows but for HEAD and 304.
[[nodiscard]] std::string write_head(const response& what, persistence after, base::instant now);
}
