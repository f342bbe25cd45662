#include "certs/recipient_check.hpp"

#include "certs/errc.hpp"

#include <algorithm>

namespace certs {
namespace {
char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_domain(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

struct parts {
    std::string_view local;
    std::string_view domain;
};

// The last '@': a quoted local part may hold one.
std::optional<parts> split(std::string_view address)
{
    const std::size_t at = address.rfind('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == address.size()) return std::nullopt;
    return parts{address.substr(0, at), address.substr(at + 1)};
}
}

std::optional<address_binding> binding_to(const certificate& owner, std::string_view address)
{
    const auto wanted = split(address);
    if (!wanted) return std::nullopt;
    for (const std::string& name : owner.email_addresses()) {
        const auto held = split(name);
        if (held && held->local == wanted->local && same_domain(held->domain, wanted->domain))
            return address_binding::address;
    }
    for (const std::string& name : owner.dns_names())
        if (same_domain(name, wanted->domain)) return address_binding::domain;
    return std::nullopt;
}

result<address_binding> check_recipient(const certificate& owner, std::span<const certificate> intermediates,
                                        const trust_anchors& anchors, std::string_view address,
                                        std::chrono::sys_seconds at)
{
    const auto chain = verify_chain(owner, intermediates, anchors, purpose::smime_encrypt, at);
    if (!chain.has_value()) return chain.error();
    if (owner.algorithm() == key_algorithm::other) return errc::weak_key;
    const auto bound = binding_to(owner, address);
    if (!bound) return errc::address_mismatch;
    return *bound;
}
}
