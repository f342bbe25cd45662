// The web pages of a simulated institution, to be looked at: simulate_pages PORT [SEED STAYS DAYS]. Ends with SIGINT or
// SIGTERM.
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "relay/http/http_server.hpp"
#include "relay/http/pages.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/facts_keeper.hpp"
#include "tests/simulation/hospital_group.hpp"

using namespace relay;

int main(int count, char** words)
{
    if (count != 2 && count != 5) return 2;
    sigset_t awaited;
    sigemptyset(&awaited);
    for (const int number : {SIGTERM, SIGINT}) sigaddset(&awaited, number);
    pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
    obs::set_level(obs::level::error);
    simulation::month_options options;
    if (count == 5) {
        options.seed = static_cast<unsigned>(std::atoi(words[2]));
        options.stays = std::atoi(words[3]);
        options.days = std::atoi(words[4]);
    }
    simulation::hospital_group institution(options);
    institution.run();
    auto& store = *institution.house().store;
    base::manual_wall_clock& clock = institution.house().clock;
    clock.set(pipeline::instant(std::chrono::sys_days(std::chrono::days(institution.first_day() + options.days - 1)) +
                                std::chrono::hours(16)));
    const http::institution place{tests::paris(), institution.sites()};
    const std::string basis = pipeline::facts_keeper(place.sites, place.zone).basis();
    if (!store.write([&](pipeline::ports::transaction& tx) { tx.save_facts_basis(basis); }).has_value()) return 1;
    http::pages pages({store, clock, [&] { return std::make_shared<const http::institution>(place); },
                       [] {
                           http::node_facts node;
                           node.phase = http::phase::serving;
                           return node;
                       }});
    io::io_runtime runtime;
    runtime.start();
    http::http_server server(runtime, {{"127.0.0.1", static_cast<std::uint16_t>(std::atoi(words[1]))}, {}}, pages,
                             clock);
    const auto bound = server.open();
    if (!bound.has_value()) return 1;
    std::printf("http://127.0.0.1:%u/indicateurs\n", unsigned{bound->port()});
    std::fflush(stdout);
    int received = 0;
    sigwait(&awaited, &received);
    server.drain(io::clock::now() + std::chrono::seconds(5));
    runtime.stop();
    return 0;
}
