// How long the figures of a period take to read, and their web pages to make, with the facts of many stays in the
// store: one service, one month, all; and a page of the worklist, with the letters that failed. As in use: days are
// recorded once they are closed, and since then late evidence came for some stays of some days.
// Use: bench_reports FOLDER STAYS, each with some seven deliveries. Output: name, value, unit.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "relay/http/pages.hpp"
#include "relay/obs/log.hpp"
#include "relay/pipeline/period_report.hpp"
#include "relay/pipeline/ports/worklist.hpp"
#include "relay/store/sqlite.hpp"
#include "relay/vault/node_vault.hpp"

using namespace relay;
using namespace relay::pipeline;

namespace {
constexpr int services = 400;
constexpr int days = 365;
constexpr std::int32_t first_day = 20'454;  // 2026-01-01
const instant end_of_year(std::chrono::hours(24 * (first_day + days - 1) + 16));

stay_facts a_stay(std::minstd_rand& random)
{
    const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
    stay_facts one;
    one.stay = stay_id::make();
    one.day = first_day + below(days);
    one.band = static_cast<hour_band>(below(4));
    one.establishment = "990000010";
    const int service = below(services);
    one.service = "UF" + std::to_string(service);
    one.site = "S" + std::to_string(service % 40);
    one.group = "GH" + std::to_string(service % 12);
    one.patient_class = "I";
    one.discharge = instant(std::chrono::hours(24 * one.day + below(24)));
    one.j0_deadline = instant(std::chrono::hours(24 * (one.day + 1)));
    one.h48_deadline = one.discharge + std::chrono::hours(48);
    one.has_letter = below(10) > 0;
    if (!one.has_letter) return one;
    one.letter_type = "11490-0";
    one.recipient_operator = "op" + std::to_string(below(60)) + ".mssante.example";
    one.signed_at = one.discharge + std::chrono::minutes(below(2000));
    one.received_at = *one.signed_at + std::chrono::minutes(below(60));
    one.deliveries.accepted = 6;
    if (below(12) == 0) {
        one.deliveries.failed = 1;
        one.deliveries.failures[cause::no_mailbox] = 1;
        return one;
    }
    one.stop = *one.received_at + std::chrono::seconds(below(60));
    one.j0_met = *one.stop < one.j0_deadline;
    one.h48_met = *one.stop <= one.h48_deadline;
    one.confirmed = below(2) == 0;
    return one;
}

// What the worklist shows beside stays: a letter that failed. Those that arrived are in none of its indexes.
void add_failed_letter(ports::transaction& tx, const stay_facts& of)
{
    letter_row letter;
    letter.id = letter_id::make();
    letter.form = submission_form::cda;
    letter.document_key = letter.set_key = letter.id.text();
    letter.type_code = of.letter_type;
    letter.service = of.service;
    letter.received_at = of.discharge;
    tx.save_letter(letter);
    delivery_row row;
    row.id = delivery_id::make();
    row.letter = letter.id;
    row.role = recipient_role::treating_doctor;
    row.recipient_key = row.id.text();
    row.set_key = letter.set_key;
    row.state = delivery_state::failed;
    row.why = cause::no_mailbox;
    row.turn = turn_of(1, letter_operation::initial);
    row.created_at = of.discharge;
    row.deadline = of.j0_deadline;
    row.last_deadline = of.h48_deadline;
    tx.save_delivery(row);
}

template <class Work>
void timed(const char* what, int runs, Work work)
{
    std::vector<double> took;
    for (int run = 0; run < runs; ++run) {
        const auto begun = std::chrono::steady_clock::now();
        work(run);
        took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
    }
    std::sort(took.begin(), took.end());
    std::printf("%s_ms\t%.2f\tms\n%s_p95_ms\t%.2f\tms\n", what, took[took.size() / 2], what,
                took[took.size() * 95 / 100]);
    std::fflush(stdout);
}
// All days but the last are closed; then a stay of each of the newest 14 closed days is written again.
void close_days(ports::store& store)
{
    const base::manual_wall_clock clock(end_of_year);
    const auto begun = std::chrono::steady_clock::now();
    store.write([](ports::transaction& tx) { tx.save_facts_basis("these rules"); }).value();
    const auto recorded = record_periods(store, clock, [] { return true; }).value();
    std::printf("record_day_ms\t%.2f\tms\n",
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count() /
                    static_cast<double>(std::max<std::size_t>(recorded, 1)));
    constexpr int changed = 14;
    for (std::int32_t day = first_day + days - 3 - changed; day < first_day + days - 3; ++day) {
        std::optional<stay_facts> late;
        store.read([&](ports::reader& r) {
                 r.read_facts({day, day + 1, ""}, [&](const auto& one) { late = one; });
             })
            .value();
        if (late) store.write([&](ports::transaction& tx) { tx.save_facts(*late); }).value();
    }
}

// Between a request and the octets of its page.
void page_times(ports::store& store)
{
    const base::manual_wall_clock clock(end_of_year);
    const auto place =
        std::make_shared<const http::institution>(http::institution{*mime::find_zone("Europe/Paris"), organisation()});
    http::pages pages({store, clock, [&] { return place; }, [] { return http::node_facts(); }});
    const auto ask = [&](const std::string& target) {
        const auto asked = http::read_head("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        if (pages.answer(asked.value()).status != 200) std::abort();
    };
    const auto service = [](int run) { return "service=UF" + std::to_string(run % services); };
    timed("page_service_week", 200, [&](int run) { ask("/indicateurs?" + service(run)); });
    timed("page_service_year", 200,
          [&](int run) { ask("/indicateurs?from=2026-01-01&to=2026-12-31&" + service(run)); });
    timed("page_week", 50, [&](int) { ask("/indicateurs"); });
    timed("page_group_month", 20,
          [&](int run) { ask("/indicateurs?from=2026-12-01&to=2026-12-31&group=GH" + std::to_string(run % 12)); });
    timed("page_year", 10, [&](int) { ask("/indicateurs?from=2026-01-01&to=2026-12-31"); });
    timed("worklist_service", 200, [&](int run) { ask("/liste?" + service(run)); });
    timed("worklist", 20, [&](int) { ask("/liste"); });
    timed("metrics", 20, [&](int) { ask("/metrics"); });
}
}

int main(int argc, char** argv)
{
    if (argc != 3) return 2;
    const long stays = std::atol(argv[2]);
    obs::set_level(obs::level::warn);  // not a line for each day that is recorded
    std::array<unsigned char, vault::node_key_octets> key{};
    const vault::node_vault sealing{vault::node_key(key)};
    store::store_options options;
    options.path = std::string(argv[1]) + "/reports.db";
    options.reserve_octets = 0;
    auto store = store::open_store(options, sealing).value();
    std::minstd_rand random(1);
    for (long made = 0; made < stays;) {
        store
            ->write([&](ports::transaction& tx) {
                for (int n = 0; n < 5000 && made < stays; ++n, ++made) {
                    const stay_facts one = a_stay(random);
                    tx.save_facts(one);
                    if (one.deliveries.failed > 0) add_failed_letter(tx, one);
                }
            })
            .value();
    }
    timed("unit_of_one_stay", 200,
          [&](int) { store->write([&](ports::transaction& tx) { tx.save_facts(a_stay(random)); }).value(); });
    close_days(*store);
    const instant now(std::chrono::hours(24 * (first_day + days + 30)));
    const auto read = [&](const ports::facts_query& wanted, breakdown by) {
        store->read([&](ports::reader& r) { static_cast<void>(build_figures(r, wanted, by, now)); }).value();
    };
    timed("service_year", 200, [&](int run) {
        read({first_day, first_day + days, "UF" + std::to_string(run)}, breakdown::month);
    });
    timed("month_by_service", 24, [&](int run) {
        read({first_day + 30 * (run % 12), first_day + 30 * (run % 12) + 30, ""}, breakdown::service);
    });
    timed("year_by_group", 10, [&](int) { read({first_day, first_day + days, ""}, breakdown::group); });
    timed("year", 10, [&](int) { read({first_day, first_day + days, ""}, breakdown::none); });
    page_times(*store);
    const auto page = [&](const std::vector<std::string>& of, instant at) {
        store
            ->read(
                [&](ports::reader& r) { static_cast<void>(read_worklist(r, {.services = of, .after = {}}, {}, at)); })
            .value();
    };
    timed("worklist_lines_service", 200, [&](int run) { page({"UF" + std::to_string(run)}, now); });
    timed("worklist_lines_all", 20, [&](int) { page({}, now); });
    return 0;
}
