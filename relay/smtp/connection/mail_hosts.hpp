// relay/smtp/connection/mail_hosts.hpp: from a next hop to the hosts that may take its mail, in the order to try them:
// MX by preference, equal ones shuffled, null MX, no MX means the domain itself, nothing behind ourselves (RFC 5321
// §5.1, RFC 7505); SRV by priority and weight (RFC 2782). Errors: delivery_errc (name_lookup_failed, host_unknown,
// domain_unknown, domain_takes_no_mail, mail_loop), cancelled.
#pragma once

#include <random>
#include <set>
#include <string>
#include <vector>

#include "relay/io/name_lookup.hpp"
#include "relay/smtp/connection/next_hop.hpp"

namespace relay::smtp {
struct mail_host {
    std::string name;
    std::uint16_t port = 0;
    // Without an address: of a domain without MX it is no mail domain, of a named host an error of its keeper.
    delivery_errc if_unknown = delivery_errc::host_unknown;
    friend bool operator==(const mail_host& a, const mail_host& b) { return a.name == b.name && a.port == b.port; }
};
using host_names = std::set<std::string, std::less<>>;  // lower case

inline constexpr std::size_t max_mail_hosts = 16;  // of one domain; those less preferred are not tried

[[nodiscard]] result<std::vector<mail_host>> order_mx(std::vector<io::mx_record> found, const io::host_port& domain,
                                                      const host_names& ours, std::mt19937& chance);
[[nodiscard]] result<std::vector<mail_host>> order_srv(std::vector<io::srv_record> found, std::mt19937& chance);

// `names`, `ours` outlive the call.
[[nodiscard]] io::awaitable<result<std::vector<mail_host>>> find_mail_hosts(io::name_lookup& names, next_hop hop,
                                                                            const host_names& ours);
// The hosts behind a next hop as one name, the same for all domains whose mail goes to the same hosts and ports, in
// whatever order: "mx1.op.test:25,mx2.op.test:25". A domain without records is its own host. Errors: as above, those
// of order_mx excepted.
struct mail_site {
    std::string name;
    std::chrono::seconds known_for{0};
};
[[nodiscard]] io::awaitable<result<mail_site>> find_site(io::name_lookup& names, next_hop hop);
// host.if_unknown: no address, or (for an MX or SRV host) an alias, which RFC 2181 §10.3 forbids.
[[nodiscard]] io::awaitable<result<std::vector<boost::asio::ip::tcp::endpoint>>> find_endpoints(io::name_lookup& names,
                                                                                                mail_host host,
                                                                                                host_lookup lookup);
}
