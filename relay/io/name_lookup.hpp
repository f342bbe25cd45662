// relay/io/name_lookup.hpp: asks name servers (c-ares) for MX, SRV and addresses, and keeps answers as long as their
// TTL lets it, never longer than dns_limits::longest_ttl; that something does not exist, for as long as the zone's SOA
// says (RFC 2308), never longer than longest_negative. Names are asked for as they are, no search domain is ever added;
// /etc/hosts is read first for addresses. Truncated answers are asked for again by TCP. Errors: errc::name_unknown (the
// name server says that it does not exist), errc::name_lookup_failed (temporary: no answer, SERVFAIL, REFUSED, a broken
// message), errc::bad_address (not a name), overloaded, cancelled. One thread of its own, started by the first
// question. Threads: all members from any; a question is resumed on its caller's executor, a strand. Every waiting
// question ends within settings, or at once when cancelled. Outlived by the executors that ask.
#pragma once

#include <memory>

#include "relay/io/address.hpp"
#include "relay/io/dns_answer.hpp"
#include "relay/io/io_runtime.hpp"

namespace relay::io {
struct dns_settings {
    std::vector<host_port> servers;           // numeric; empty: those of /etc/resolv.conf
    std::chrono::milliseconds timeout{3000};  // of one try; c-ares doubles it each time round
    int tries = 3;                            // of each server
};

struct host_addresses {
    std::vector<asio::ip::address> all;  // never empty; IPv6 and IPv4 in turn
    reached how = reached::directly;
};

class dns_asker;
class name_lookup {
public:
    explicit name_lookup(dns_settings settings, dns_limits limits = {});
    ~name_lookup();
    name_lookup(const name_lookup&) = delete;
    name_lookup& operator=(const name_lookup&) = delete;

    // With the time for which it is known. Empty: the name exists without such records.
    [[nodiscard]] awaitable<result<dns_answer>> ask(std::string name, dns_type type);
    [[nodiscard]] awaitable<result<std::vector<mx_record>>> mx(std::string domain);
    [[nodiscard]] awaitable<result<std::vector<srv_record>>> srv(std::string name);
    // A name without any address is errc::name_unknown. Numeric hosts are not looked up.
    [[nodiscard]] awaitable<result<host_addresses>> addresses(std::string host);

private:
    std::unique_ptr<dns_asker> asker_;
};
}
