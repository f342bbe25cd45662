// Letters that were held: decided again when what they wait for may have come.
#include <algorithm>
#include <limits>

#include "relay/pipeline/causes.hpp"
#include "relay/pipeline/intake.hpp"
#include "relay/pipeline/letter_deliveries.hpp"

namespace relay::pipeline {
namespace {
constexpr std::size_t a_page = 500;
constexpr std::size_t pages_a_turn = 4;

// What was given up for want of an address or a certificate is still repairable (domain.md §4).
bool may_be_routed(const delivery_row& row)
{
    if (row.kind != delivery_kind::letter) return false;
    return row.state == delivery_state::held || facts_of(row.why).next == next_step::hold;
}

// One page of the deliveries behind `place`, which moves on: to its last one, or to the other state, or to the begin
// once all were passed.
enum class passed { page, all };
result<passed> take_page(ports::store& store, delivery_place& place, std::vector<delivery_row>& into)
{
    const auto read = store.read([&](ports::reader& rows) { into = rows.deliveries_behind(place, a_page); });
    if (!read.has_value()) return read.error();
    if (into.size() == a_page) {
        place.created_at = into.back().created_at;
        place.id = into.back().id;
        return passed::page;
    }
    const bool was_held = place.state == delivery_state::held;
    place = delivery_place();
    if (was_held) place.state = delivery_state::undeliverable;
    return was_held ? passed::page : passed::all;
}
}

result<std::size_t> intake::route_again()
{
    delivery_place place;
    return decide_pages(place, std::numeric_limits<std::size_t>::max());
}

result<std::size_t> intake::route_some_again()
{
    const std::lock_guard lock(turn_mutex_);
    return decide_pages(turn_, pages_a_turn);
}

result<std::size_t> intake::decide_pages(delivery_place& from, std::size_t most)
{
    std::size_t freed = 0;
    std::vector<delivery_row> held;
    for (std::size_t pages = 0; pages < most; ++pages) {
        const auto page = take_page(with_.store, from, held);
        if (!page.has_value()) return page.error();
        const auto done = decide_again(held);
        if (!done.has_value()) return done.error();
        freed += *done;
        if (*page == passed::all) break;
    }
    if (freed > 0 && on_queued_) on_queued_();
    return freed;
}

// One unit of the store for all of a page that are decided otherwise than before.
result<std::size_t> intake::decide_again(const std::vector<delivery_row>& held)
{
    const instant now = with_.clock.now();
    std::vector<std::pair<delivery_id, route_decision>> decided;
    for (const delivery_row& row : held) {
        if (!may_be_routed(row)) continue;
        const auto opened = with_.vault.open_field(field::recipient, row.recipient);
        if (!opened.has_value()) continue;
        route_decision decision =
            decide_route(read_recipient(*opened), with_.directory, with_.routes, with_.anchors, now);
        const cause* why = std::get_if<cause>(&decision);
        if (why == nullptr || *why != row.why) decided.emplace_back(row.id, std::move(decision));
    }
    if (decided.empty()) return std::size_t{0};
    const auto written = with_.store.write([&](ports::transaction& tx) {
        const letter_deliveries deliveries(with_, now, site_);
        for (const auto& [id, decision] : decided) {
            auto row = tx.delivery(id);
            const bool given_up = row && row->state == delivery_state::undeliverable;
            if (!row || (row->state != delivery_state::held && !given_up)) continue;
            if (given_up && !std::holds_alternative<route_found>(decision)) continue;
            const auto letter = given_up ? tx.letter(row->letter) : std::nullopt;
            if (letter && letter->document.empty()) continue;  // nothing is left that could be sent
            if (given_up) row->created_at = now;               // a new day to be delivered in
            deliveries.route(tx, *row, decision);
            deliveries.keep_newest(tx, *row);
        }
    });
    if (!written.has_value()) return written.error();
    return static_cast<std::size_t>(std::count_if(
        decided.begin(), decided.end(), [](const auto& d) { return std::holds_alternative<route_found>(d.second); }));
}
}
