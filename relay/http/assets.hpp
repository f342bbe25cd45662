// relay/http/assets.hpp: style sheet, scripts and icon, embedded at build time; Chart.js is Debian's libjs-chart.js
// (MIT). Any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace relay::http {
struct asset {
    std::string_view name;  // "style.css"
    std::string_view content_type;
    std::string_view octets;  // as long as the process
    std::string tag;          // quoted, of the octets (RFC 9110 §8.8.3)
    std::string path;         // "/assets/style.css"
};
[[nodiscard]] std::span<const asset> all_assets();
[[nodiscard]] const asset* find_asset(std::string_view path);
[[nodiscard]] std::string_view asset_path(std::string_view name);  // of a name that is listed
}
