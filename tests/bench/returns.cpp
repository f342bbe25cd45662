// How many reports a second the way from reception to commit takes in: delivery reports and receipts, each about
// another accepted letter of another patient, handed to the returns' sink by several threads as the SMTP listener does,
// over a store on disk with its ledger, facts, acknowledgements and raw bytes. Use: bench_returns LETTERS [THREADS]
#include <ctime>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "relay/track/returns.hpp"
#include "tests/bench/sent_letters.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;

namespace {
const std::string roux = "anne.roux@medecin.example";

bench::original accepted_letter(tests::house& house)
{
    house.add_doctor(roux, tests::second_doctor);
    tests::letter_order order;
    order.reading = "Y";
    house.drop("lettre.hl7", tests::mdm_file(order));
    house.attempt(house.only().id, attempt_end::accepted);
    return bench::find_original(*house.store);
}

double cpu_seconds()
{
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}
}

int main(int argc, char** argv)
{
    if (argc < 2) return 2;
    const long letters = std::atol(argv[1]);
    const int threads = argc > 2 ? std::atoi(argv[2]) : 16;
    tests::house house;
    const bench::original from = accepted_letter(house);
    const bench::report_route route{roux, std::string(tests::hospital_address)};
    std::vector<std::string> mails;
    for (long made = 0; made < letters;) {
        house.store
            ->write([&](ports::transaction& tx) {
                for (int n = 0; n < 500 && made < letters; ++n, ++made) {
                    const auto row = bench::add_copy(tx, from, house.clock.now(), bench::copy_state::accepted);
                    mails.push_back(made % 2 == 0 ? positive_report(row, route) : receipt(row, route));
                }
            })
            .value();
    }
    house.clock.advance(std::chrono::minutes(1));
    relay::track::returns returns(house.with(), {std::string(tests::hospital_address), tests::paris(), "", nullptr});
    std::atomic<std::size_t> next{0}, stored{0};
    const auto begun = std::chrono::steady_clock::now();
    const double cpu_before = cpu_seconds();
    {
        std::vector<std::jthread> all;
        for (int n = 0; n < threads; ++n)
            all.emplace_back([&] {
                for (std::size_t at = next++; at < mails.size(); at = next++)
                    if (returns.store({}, mails[at], {}) == ports::store_verdict::stored) ++stored;
            });
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    const double cpu = cpu_seconds() - cpu_before;
    const auto counts = house.ask([](auto& r) { return r.counts(); });
    const auto in = [&](delivery_state state) {
        const auto found = counts.deliveries.find(state);
        return found == counts.deliveries.end() ? 0 : found->second;
    };
    if (stored != mails.size() ||
        in(delivery_state::confirmed) + in(delivery_state::processed) != static_cast<std::int64_t>(mails.size())) {
        std::fprintf(stderr, "not every report was applied\n");
        return 1;
    }
    std::printf("returns_per_second\t%.0f\t/s\n", static_cast<double>(mails.size()) / seconds);
    std::printf("returns_cpu_ms\t%.3f\tms\n", cpu * 1000 / static_cast<double>(mails.size()));
    return 0;
}
