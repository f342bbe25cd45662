#include "relay/routing/address.hpp"

#include <algorithm>

#include "mime/text/ascii.hpp"

namespace relay::routing {
namespace {
constexpr std::size_t max_address_octets = 254;  // RFC 5321 §4.5.3.1.3, without the angle brackets
constexpr std::size_t max_local_octets = 64;
constexpr std::size_t max_label_octets = 63;

bool is_label(std::string_view label)
{
    if (label.empty() || label.size() > max_label_octets || label.front() == '-' || label.back() == '-') return false;
    return label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

bool is_host_name(std::string_view name)
{
    if (name.find('.') == std::string_view::npos) return false;
    for (;;) {
        const auto dot = name.find('.');
        if (!is_label(name.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        name.remove_prefix(dot + 1);
    }
}

bool is_local_part(std::string_view local)
{
    if (local.empty() || local.size() > max_local_octets) return false;
    return std::all_of(local.begin(), local.end(), [](char letter) {
        return letter > ' ' && letter < '\x7f' &&
               std::string_view("()<>[]:;@\\,\"").find(letter) == std::string_view::npos;
    });
}
}

std::optional<std::string> normal_address(std::string_view text)
{
    const auto at = text.find('@');
    if (at == std::string_view::npos || text.size() > max_address_octets) return std::nullopt;
    const std::string domain = mime::lower(text.substr(at + 1));
    if (!is_local_part(text.substr(0, at)) || !is_host_name(domain)) return std::nullopt;
    return std::string(text.substr(0, at + 1)) + domain;
}

std::string_view domain_of(std::string_view address)
{
    const auto at = address.rfind('@');
    return at == std::string_view::npos ? address : address.substr(at + 1);
}
}
