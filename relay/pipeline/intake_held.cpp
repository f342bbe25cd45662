// Letters that were held: decided again when what they wait for may have come.
#include <algorithm>

#include "relay/pipeline/causes.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/letter_deliveries.hpp"

namespace relay::pipeline {
result<std::size_t> intake::route_again()
{
    constexpr std::size_t at_once = 500;
    const instant now = with_.clock.now();
    std::vector<delivery_row> held;
    const auto read = with_.store.read([&](ports::reader& store) {
        held = store.deliveries_in(delivery_state::held, 1'000'000);
        // Given up for want of an address or a certificate: still repairable (domain.md §4).
        for (delivery_row& row : store.deliveries_in(delivery_state::undeliverable, 1'000'000))
            if (facts_of(row.why).next == next_step::hold) held.push_back(std::move(row));
    });
    if (!read.has_value()) return read.error();
    std::size_t freed = 0;
    for (std::size_t from = 0; from < held.size(); from += at_once) {
        std::vector<std::pair<delivery_id, route_decision>> decided;
        for (std::size_t i = from; i < std::min(held.size(), from + at_once); ++i) {
            const auto opened = with_.vault.open_field(field::recipient, held[i].recipient);
            if (!opened.has_value()) continue;
            route_decision decision =
                decide_route(read_recipient(*opened), with_.directory, with_.routes, with_.anchors, now);
            const cause* why = std::get_if<cause>(&decision);
            if (why == nullptr || *why != held[i].why) decided.emplace_back(held[i].id, std::move(decision));
        }
        if (decided.empty()) continue;
        const auto written = with_.store.write([&](ports::transaction& tx) {
            const letter_deliveries deliveries(with_, now, site_);
            for (const auto& [id, decision] : decided) {
                auto row = tx.delivery(id);
                const bool given_up = row && row->state == delivery_state::undeliverable;
                if (!row || (row->state != delivery_state::held && !given_up)) continue;
                if (given_up && !std::holds_alternative<route_found>(decision)) continue;
                if (given_up) row->created_at = now;  // a new day to be delivered in
                deliveries.route(tx, *row, decision);
                deliveries.keep_newest(tx, *row);
            }
        });
        if (!written.has_value()) return written.error();
        freed += static_cast<std::size_t>(std::count_if(decided.begin(), decided.end(), [](const auto& d) {
            return std::holds_alternative<route_found>(d.second);
        }));
    }
    if (freed > 0 && on_queued_) on_queued_();
    return freed;
}
}
