#include "relay/app/next_hops.hpp"

namespace relay::app {
namespace {
smtp::host_lookup lookup_of(pipeline::hop_lookup lookup)
{
    switch (lookup) {
        case pipeline::hop_lookup::mx: return smtp::host_lookup::mx;
        case pipeline::hop_lookup::srv: return smtp::host_lookup::srv;
        case pipeline::hop_lookup::address: break;
    }
    return smtp::host_lookup::address;
}

smtp::body_transfer transfer_of(pipeline::hop_transfer transfer)
{
    switch (transfer) {
        case pipeline::hop_transfer::chunks: return smtp::body_transfer::chunks_if_offered;
        case pipeline::hop_transfer::binary: return smtp::body_transfer::binary_if_offered;
        case pipeline::hop_transfer::data: break;
    }
    return smtp::body_transfer::data;
}
}

smtp::next_hop next_hops::hop(const pipeline::next_hop& to) const
{
    smtp::next_hop made;
    made.at = {to.host, to.port};
    made.tls_name = to.server_name;
    made.lookup = lookup_of(to.lookup);
    made.policy = to.tls == pipeline::hop_tls::implicit ? smtp::tls_policy::implicit : smtp::tls_policy::required;
    made.transfer = transfer_of(to.transfer);
    made.tls = node_;
    if (to.access.empty()) return made;
    if (const auto found = by_name_.find(to.access); found != by_name_.end()) {
        made.tls = found->second.tls;
        made.access = found->second.login;
    } else {
        made.access = std::make_shared<const smtp::sasl_access>();
    }
    return made;
}
}
