#include "relay/smtp/connection/mail_hosts.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "mime/text/ascii.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // see relay/io/stream.cpp

namespace relay::smtp {
namespace {
std::mt19937& chance()
{
    thread_local std::mt19937 engine{std::random_device{}()};
    return engine;
}

// RFC 2782: among equal priorities, each next target is drawn with a probability as its weight.
void draw_by_weight(std::vector<io::srv_record>::iterator first, std::vector<io::srv_record>::iterator last,
                    std::mt19937& chance)
{
    for (; first != last; ++first) {
        const auto sum = std::accumulate(first, last, std::uint32_t{0},
                                         [](std::uint32_t so_far, const auto& one) { return so_far + one.weight; });
        auto left = std::uniform_int_distribution<std::uint32_t>(0, sum)(chance);
        const auto drawn = std::find_if(first, last, [&left](const auto& one) {
            if (one.weight >= left) return true;
            left -= one.weight;
            return false;
        });
        std::iter_swap(first, drawn);
    }
}

// Which cause a failed look-up is; `missing` for a name that does not exist.
error_code cause_of(const error_code& failed, delivery_errc missing)
{
    if (failed == io::errc::cancelled) return delivery_errc::cancelled;
    return failed == io::errc::name_unknown || failed == io::errc::bad_address ? missing
                                                                               : delivery_errc::name_lookup_failed;
}
}

result<std::vector<mail_host>> order_mx(std::vector<io::mx_record> found, const io::host_port& domain,
                                        const host_names& ours, std::mt19937& chance)
{
    if (found.empty()) {
        std::vector<mail_host> implicit{{domain.host, domain.port, delivery_errc::domain_unknown}};
        return implicit;
    }
    std::erase_if(found, [](const io::mx_record& one) { return one.host.empty(); });
    if (found.empty()) return make_error_code(delivery_errc::domain_takes_no_mail);
    std::shuffle(found.begin(), found.end(), chance);
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.preference < b.preference; });
    const auto us = std::find_if(found.begin(), found.end(), [&](const auto& one) { return ours.contains(one.host); });
    if (us != found.end()) {
        const auto preference = us->preference;
        std::erase_if(found, [preference](const auto& one) { return one.preference >= preference; });
        if (found.empty()) return make_error_code(delivery_errc::mail_loop);
    }
    std::vector<mail_host> hosts;
    for (const io::mx_record& one : found) {
        const mail_host next{one.host, domain.port};
        if (hosts.size() < max_mail_hosts && std::find(hosts.begin(), hosts.end(), next) == hosts.end())
            hosts.push_back(next);
    }
    return hosts;
}

result<std::vector<mail_host>> order_srv(std::vector<io::srv_record> found, std::mt19937& chance)
{
    if (found.empty()) return make_error_code(delivery_errc::host_unknown);
    std::erase_if(found, [](const io::srv_record& one) { return one.target.empty(); });
    if (found.empty()) return make_error_code(delivery_errc::domain_takes_no_mail);
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.priority < b.priority; });
    for (auto first = found.begin(); first != found.end();) {
        const auto last =
            std::find_if(first, found.end(), [&](const auto& one) { return one.priority != first->priority; });
        draw_by_weight(first, last, chance);
        first = last;
    }
    std::vector<mail_host> hosts;
    for (const io::srv_record& one : found)
        if (hosts.size() < max_mail_hosts) hosts.push_back({one.target, one.port});
    return hosts;
}

namespace {
std::string srv_name(const next_hop& hop)
{
    return (hop.policy == tls_policy::implicit ? "_submissions._tcp." : "_submission._tcp.") + mime::lower(hop.at.host);
}

// Of more hosts than are ever tried, those that are.
std::string site_name(io::dns_answer found, const io::host_port& domain)
{
    std::erase_if(found.mx, [](const io::mx_record& one) { return one.host.empty(); });
    std::erase_if(found.srv, [](const io::srv_record& one) { return one.target.empty(); });
    std::sort(found.mx.begin(), found.mx.end(), [](const auto& a, const auto& b) {
        return std::tie(a.preference, a.host) < std::tie(b.preference, b.host);
    });
    std::sort(found.srv.begin(), found.srv.end(), [](const auto& a, const auto& b) {
        return std::tie(a.priority, a.target, a.port) < std::tie(b.priority, b.target, b.port);
    });
    std::vector<std::string> hosts;
    for (const io::mx_record& one : found.mx) hosts.push_back(io::write_host_port({one.host, domain.port}));
    for (const io::srv_record& one : found.srv) hosts.push_back(io::write_host_port({one.target, one.port}));
    if (hosts.empty()) hosts.push_back(io::write_host_port(domain));
    hosts.resize(std::min(hosts.size(), max_mail_hosts));
    const std::set<std::string> all(hosts.begin(), hosts.end());
    std::string name;
    for (const std::string& host : all) name += (name.empty() ? "" : ",") + host;
    return name;
}
}

io::awaitable<result<mail_site>> find_site(io::name_lookup& names, next_hop hop)
{
    const io::host_port at{mime::lower(hop.at.host), hop.at.port};
    if (hop.lookup == host_lookup::address) {
        mail_site one{io::write_host_port(at), std::chrono::hours(24)};
        co_return one;
    }
    const bool by_mx = hop.lookup == host_lookup::mx;
    auto asking = names.ask(by_mx ? at.host : srv_name(hop), by_mx ? io::dns_type::mx : io::dns_type::srv);
    auto found = co_await std::move(asking);
    if (found.has_error()) co_return cause_of(found.error(), delivery_errc::domain_unknown);
    const auto known_for = found->ttl;
    mail_site site{site_name(std::move(*found), at), known_for};
    co_return site;
}

io::awaitable<result<std::vector<mail_host>>> find_mail_hosts(io::name_lookup& names, next_hop hop,
                                                              const host_names& ours)
{
    if (hop.lookup == host_lookup::address) {
        std::vector<mail_host> one{{hop.at.host, hop.at.port}};
        co_return one;
    }
    const io::host_port at{mime::lower(hop.at.host), hop.at.port};
    if (hop.lookup == host_lookup::mx) {
        auto asking = names.mx(at.host);
        auto found = co_await std::move(asking);
        if (found.has_error()) co_return cause_of(found.error(), delivery_errc::domain_unknown);
        co_return order_mx(std::move(*found), at, ours, chance());
    }
    auto asking = names.srv(srv_name(hop));
    auto found = co_await std::move(asking);
    if (found.has_error()) co_return cause_of(found.error(), delivery_errc::host_unknown);
    co_return order_srv(std::move(*found), chance());
}

io::awaitable<result<std::vector<boost::asio::ip::tcp::endpoint>>> find_endpoints(io::name_lookup& names,
                                                                                  mail_host host, host_lookup lookup)
{
    auto asking = names.addresses(host.name);
    const auto found = co_await std::move(asking);
    if (found.has_error()) co_return cause_of(found.error(), host.if_unknown);
    // A mail domain may be an alias (RFC 5321 §5.1), the target of an MX or SRV record may not.
    const bool is_target = lookup != host_lookup::address && host.if_unknown == delivery_errc::host_unknown;
    if (is_target && found->how == io::reached::by_alias) co_return make_error_code(host.if_unknown);
    std::vector<boost::asio::ip::tcp::endpoint> endpoints;
    for (const auto& address : found->all) endpoints.emplace_back(address, host.port);
    co_return endpoints;
}
}
