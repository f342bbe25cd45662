#include "relay/pipeline/route.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "certs/certificate_memo.hpp"
#include "certs/recipient_check.hpp"
#include "mime/text/ascii.hpp"
#include "relay/pipeline/addressee.hpp"

namespace relay::pipeline {
namespace json = boost::json;
namespace {
// One address for a doctor named by RPPS only, or the cause.
std::variant<std::string, cause> find_address(const recipient& to, ports::directory& directory)
{
    if (to.rpps.empty()) return cause::no_doctor;
    const auto rows = directory.by_rpps(to.rpps);
    std::set<std::string> addresses;
    for (const auto& row : rows)
        if (!row.address.empty()) addresses.insert(row.address);
    if (addresses.size() > 1) return cause::ambiguous;
    if (addresses.empty()) return rows.empty() ? cause::doctor_unknown : cause::no_mailbox;
    return *addresses.begin();
}

std::optional<certs::certificate> find_certificate(std::string_view address, ports::directory& directory,
                                                   const certs::trust_anchors& anchors, instant now)
{
    static certs::certificate_memo memo;  // a doctor's certificate comes twice for each letter
    const auto at = std::chrono::floor<std::chrono::seconds>(now);
    for (const std::string& der : directory.certificates(address)) {
        auto read = memo.read(der);
        if (read.has_value() && certs::check_recipient(*read, {}, anchors, address, at).has_value()) return *read;
    }
    return std::nullopt;
}

std::string text_of(const json::object& from, std::string_view key)
{
    const json::value* value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
}

next_hop hop_for(const route_rule& rule, std::string_view domain)
{
    next_hop to = rule.to;
    if (to.host.empty()) to.host = domain;
    return to;
}

bool route_policy::trusts(std::string_view domain) const
{
    return domain == patient_domain || trusted_domains.contains(domain);
}

const route_rule* route_policy::rule_for(std::string_view domain) const
{
    if (!trusts(domain)) return nullptr;
    const route_rule* any = nullptr;
    for (const route_rule& rule : rules) {
        if (rule.domain == domain) return &rule;
        if (rule.domain == "*" && domain != patient_domain) any = &rule;
    }
    return any;
}

std::string domain_of(std::string_view address)
{
    const auto at = address.rfind('@');
    return at == std::string_view::npos ? std::string() : mime::lower(address.substr(at + 1));
}

bool same_mailbox(const recipient& a, const recipient& b)
{
    if (!a.address.empty() && !b.address.empty()) return mime::same_text(a.address, b.address);
    if (!a.rpps.empty() || !b.rpps.empty()) return a.rpps == b.rpps;
    return a.address.empty() && b.address.empty();
}

std::string write_recipient(const recipient& value)
{
    json::object out{{"address", value.address},
                     {"rpps", value.rpps},
                     {"family", value.family},
                     {"given", value.given},
                     {"role", name(value.role)}};
    if (value.hold != cause::none) out["hold"] = name(value.hold);
    return json::serialize(out);
}

recipient read_recipient(std::string_view text)
{
    boost::system::error_code damaged;
    const json::value parsed = json::parse(text, damaged);
    if (damaged || !parsed.is_object()) return {};
    const json::object& from = parsed.get_object();
    return {text_of(from, "address"),
            text_of(from, "rpps"),
            text_of(from, "family"),
            text_of(from, "given"),
            from_name<recipient_role>(text_of(from, "role")).value_or(recipient_role::professional),
            from_name<cause>(text_of(from, "hold")).value_or(cause::none)};
}

route_decision decide_route(const recipient& to, ports::directory& directory, const route_policy& policy,
                            const certs::trust_anchors& anchors, instant now)
{
    if (to.hold != cause::none) return to.hold;
    route_found found;
    found.address = to.address;
    if (found.address.empty()) {
        auto looked_up = find_address(to, directory);
        if (const cause* why = std::get_if<cause>(&looked_up)) return *why;
        found.address = std::get<std::string>(std::move(looked_up));
    }
    found.domain = domain_of(found.address);
    const route_rule* rule = policy.rule_for(found.domain);
    if (rule == nullptr) return found.domain == patient_domain ? cause::no_certificate : cause::untrusted_domain;
    found.to = hop_for(*rule, found.domain);
    found.profile = rule->profile;
    found.addressee = addressee_of(directory.by_address(found.address), to.rpps);
    // No clear text unless a rule says so: `mssante` is a rule, a missing certificate is not (design.md §3.5).
    if (rule->profile == seal_profile::hold) return cause::no_certificate;
    if (rule->profile == seal_profile::smime) {
        found.certificate = find_certificate(found.address, directory, anchors, now);
        if (!found.certificate) return cause::no_certificate;
    }
    return found;
}
}
