// relay/app/next_hops.hpp: from a next hop as the letter's route names it to one the SMTP client can use: contexts of
// TLS and credentials by the name of their [[access]]. Immutable: share it, swap it whole. Threads: any.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "relay/pipeline/route.hpp"
#include "relay/smtp/connection/next_hop.hpp"

namespace relay::app {
struct hop_access {
    std::shared_ptr<io::tls_context> tls;            // client role
    std::shared_ptr<const smtp::sasl_access> login;  // none: the certificate alone
};

class next_hops {
public:
    // `node`: what is shown where a route names no access.
    next_hops(std::shared_ptr<io::tls_context> node, std::map<std::string, hop_access, std::less<>> by_name)
        : node_(std::move(node)), by_name_(std::move(by_name))
    {
    }
    // An access that is not known any more is credentials that cannot be read: nothing is sent without them.
    [[nodiscard]] smtp::next_hop hop(const pipeline::next_hop& to) const;
    [[nodiscard]] const hop_access* access(std::string_view name) const  // null: not known
    {
        const auto found = by_name_.find(name);
        return found == by_name_.end() ? nullptr : &found->second;
    }

private:
    std::shared_ptr<io::tls_context> node_;
    std::map<std::string, hop_access, std::less<>> by_name_;
};
}
