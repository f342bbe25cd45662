// relay/pipeline/route.hpp: from a recipient as the hospital gave it to one mailbox and one certificate, or to the
// cause why not (design.md §3.5, §4; domain.md §4, §8). Never guesses: no address, several addresses, no usable
// certificate → a cause. Reads the directory port (blocking: worker threads); otherwise pure but for a memo
// of certificates read.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "certs/trust_anchors.hpp"
#include "relay/pipeline/model.hpp"
#include "relay/pipeline/ports/directory.hpp"

namespace relay::pipeline {
enum class seal_profile { smime, mssante, hold };  // design.md §4

inline constexpr std::string_view patient_domain = "patient.mssante.fr";

enum class hop_lookup { address, mx, srv };  // how a host becomes addresses: A/AAAA; RFC 5321 §5.1; RFC 6186 §3.4
enum class hop_tls { starttls, implicit };   // RFC 3207; RFC 8314 §3.3
enum class hop_transfer { data, chunks, binary };  // the last two where the server offers them (RFC 3030)

struct next_hop {
    std::string host;  // mx, srv: a domain; empty in a rule: the recipient's own
    std::uint16_t port = 0;
    std::string server_name;  // expected in the peer's certificate; empty: the host that was looked up
    hop_lookup lookup = hop_lookup::address;
    hop_tls tls = hop_tls::starttls;
    std::string access{};  // names the credentials we show there; empty: the node's certificate alone
    hop_transfer transfer = hop_transfer::data;
    friend auto operator<=>(const next_hop&, const next_hop&) = default;
};

struct route_rule {
    std::string domain;  // exact, lower case; "*": any trusted domain
    next_hop to;
    seal_profile profile = seal_profile::smime;
};

// Where a mail for `domain` goes under `rule`: its next hop, the domain put in where the rule leaves it open.
[[nodiscard]] next_hop hop_for(const route_rule& rule, std::string_view domain);

struct route_policy {
    std::vector<route_rule> rules;
    std::set<std::string, std::less<>> trusted_domains;  // exact, lower case, A-label form

    [[nodiscard]] bool trusts(std::string_view domain) const;
    // The exact rule, else "*"; nullptr if the domain is not trusted or no rule speaks of it. Patients' mailboxes are
    // trusted everywhere (mssante.md §7.5) and follow a rule of their own only, never "*" (domain.md §11).
    [[nodiscard]] const route_rule* rule_for(std::string_view domain) const;
};

// As the hospital named it. Kept sealed: an address can be identity (domain.md §10).
struct recipient {
    std::string address;  // empty: to be found by RPPS
    std::string rpps;     // 11 digits or empty
    std::string family;
    std::string given;
    recipient_role role = recipient_role::professional;
    cause hold = cause::none;  // set: not to be routed at all, whatever the directory says
    friend bool operator==(const recipient&, const recipient&) = default;
};
// One mailbox under two descriptions: the same address (case does not matter, as operators treat it), or, where one of
// them has no address yet, the same RPPS. Two that name nobody are the same.
[[nodiscard]] bool same_mailbox(const recipient& a, const recipient& b);
[[nodiscard]] std::string write_recipient(const recipient& value);  // for the sealed field of a delivery
[[nodiscard]] recipient read_recipient(std::string_view text);      // of write_recipient; empty if damaged

struct route_found {
    std::string address;
    std::string domain;
    seal_profile profile = seal_profile::smime;
    next_hop to;
    std::optional<certs::certificate> certificate;  // smime: chain, validity, usage and address were checked at `now`
    addressee_facts addressee{};
};
using route_decision = std::variant<route_found, cause>;

[[nodiscard]] route_decision decide_route(const recipient& to, ports::directory& directory, const route_policy& policy,
                                          const certs::trust_anchors& anchors, instant now);

// The domain after the last '@', lower case; empty if there is none.
[[nodiscard]] std::string domain_of(std::string_view address);
}
