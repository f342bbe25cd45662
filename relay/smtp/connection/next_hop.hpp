// relay/smtp/connection/next_hop.hpp: where a mail goes next, and what is shown and checked there. Plain values.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <tuple>

#include "relay/io/address.hpp"
#include "relay/io/tls_context.hpp"
#include "relay/smtp/engine/client_engine.hpp"

namespace relay::smtp {
enum class host_lookup {
    address,  // `at` is the host
    mx,       // at.host is a mail domain, at.port that of its mail hosts (RFC 5321 §5.1)
    srv,  // at.host is a domain: _submissions._tcp under implicit TLS, else _submission._tcp (RFC 6186, RFC 8314 §5.1)
};

// What AUTH says. The secret stays in its 0600 file and is read for each new connection, so that a token may be
// renewed.
struct sasl_access {
    sasl_mechanism mechanism = sasl_mechanism::plain;
    std::string user;
    std::filesystem::path secret_file;
};

struct next_hop {
    io::host_port at;
    std::string tls_name;  // the name or IP address the peer's certificate must show; empty: the host that was found
    tls_policy policy = tls_policy::required;
    std::shared_ptr<io::tls_context> tls;  // client role
    host_lookup lookup = host_lookup::address;
    std::shared_ptr<const sasl_access> access{};
    body_transfer transfer = body_transfer::data;
};

// Connections and TLS sessions are shared only where all of this is the same (design.md §5).
using pool_key =
    std::tuple<io::host_port, host_lookup, std::string, tls_policy, std::string, std::string, body_transfer>;
[[nodiscard]] inline pool_key key_of(const next_hop& hop)
{
    std::string access;
    if (hop.access)
        access = std::string(name(hop.access->mechanism)) + '\0' + hop.access->user + '\0' +
                 hop.access->secret_file.string();
    return {hop.at, hop.lookup,  hop.tls_name, hop.policy, hop.tls ? hop.tls->identity() : std::string(),
            access, hop.transfer};
}
}
