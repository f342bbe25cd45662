#include "relay/io/name_lookup.hpp"

#include <algorithm>

#include "relay/io/dns_asker.hpp"

// g++ 12 takes Asio's per-thread frame allocator for a mismatch once it has inlined one half of it.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace relay::io {
namespace {
std::vector<asio::ip::address> in_turn(std::vector<asio::ip::address> first, std::vector<asio::ip::address> second)
{
    std::vector<asio::ip::address> all;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) all.push_back(std::move(first[i]));
        if (i < second.size()) all.push_back(std::move(second[i]));
    }
    return all;
}
}

name_lookup::name_lookup(dns_settings settings, dns_limits limits)
    : asker_(std::make_unique<dns_asker>(std::move(settings), limits))
{
}
name_lookup::~name_lookup() = default;

awaitable<result<dns_answer>> name_lookup::ask(std::string name, dns_type type)
{
    return asker_->ask({std::move(name), type});
}

awaitable<result<std::vector<mx_record>>> name_lookup::mx(std::string domain)
{
    auto asking = ask(std::move(domain), dns_type::mx);
    auto answer = co_await std::move(asking);
    if (answer.has_error()) co_return answer.error();
    co_return std::move(answer->mx);
}

awaitable<result<std::vector<srv_record>>> name_lookup::srv(std::string name)
{
    auto asking = ask(std::move(name), dns_type::srv);
    auto answer = co_await std::move(asking);
    if (answer.has_error()) co_return answer.error();
    co_return std::move(answer->srv);
}

awaitable<result<host_addresses>> name_lookup::addresses(std::string host)
{
    error_code not_numeric;
    const auto numeric = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) {
        host_addresses one{{numeric}, reached::directly};
        co_return one;
    }
    auto executor = co_await asio::this_coro::executor;
    auto asking_six = ask(host, dns_type::aaaa);
    auto asking_four = ask(std::move(host), dns_type::a);
    auto both =
        asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(asking_six), asio::deferred),
                                                asio::co_spawn(executor, std::move(asking_four), asio::deferred));
    auto [order, six_failed, six, four_failed, four] =
        co_await both.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    if (six_failed) std::rethrow_exception(six_failed);
    if (four_failed) std::rethrow_exception(four_failed);
    host_addresses found;
    for (const auto* one : {&six, &four})
        if (one->has_value() && (*one)->how == reached::by_alias) found.how = reached::by_alias;
    found.all = in_turn(six.has_value() ? std::move(six->addresses) : std::vector<asio::ip::address>(),
                        four.has_value() ? std::move(four->addresses) : std::vector<asio::ip::address>());
    if (!found.all.empty()) co_return found;
    // Only when both say so is there none: one that was not answered may have had one.
    for (const auto* one : {&six, &four})
        if (one->has_error() && one->error() != errc::name_unknown) co_return one->error();
    co_return make_error_code(errc::name_unknown);
}
}
