#include "relay/pipeline/outbound.hpp"

#include <algorithm>

#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/outbound_parts.hpp"

namespace relay::pipeline {
outbound::outbound(services with, outbound_options options) : with_(with), options_(std::move(options)) {}

result<std::size_t> outbound::recover()
{
    constexpr std::size_t at_once = 200;
    const instant now = with_.clock.now();
    for (std::size_t count = 0;;) {
        std::vector<delivery_row> unanswered;
        const auto read = with_.store.read(
            [&](ports::reader& store) { unanswered = store.deliveries_in(delivery_state::sending, at_once); });
        if (!read.has_value()) return read.error();
        if (unanswered.empty()) return count;
        const auto written = with_.store.write([&](ports::transaction& tx) {
            for (const delivery_row& one : unanswered) {
                delivery_row row = one;
                row.next_try = now;
                record(tx, row, about(now, event_kind::reply_lost, cause::reply_lost));
            }
        });
        if (!written.has_value()) return written.error();
        count += unanswered.size();
    }
}

result<std::vector<queue_lane>> outbound::lanes()
{
    constexpr std::size_t at_once = 1000;
    const instant now = with_.clock.now();
    std::vector<queue_lane> found;
    const auto ask = [&] { return with_.store.read([&](ports::reader& store) { found = store.lanes(); }); };
    if (auto read = ask(); !read.has_value()) return read.error();
    const instant beyond = options_.retry.due_at(now).beyond;
    const auto has_passed = [now](const queue_lane& lane) { return lane.soonest && *lane.soonest <= now; };
    const auto is_ahead = [beyond](const queue_lane& lane) { return lane.last_try && *lane.last_try > beyond; };
    if (std::none_of(found.begin(), found.end(),
                     [&](const queue_lane& lane) { return has_passed(lane) || is_ahead(lane); }))
        return found;
    const auto written = with_.store.write([&](ports::transaction& tx) {
        for (const queue_lane& lane : found) {
            if (has_passed(lane))  // at midnight, and at the 48th hour of some
                (void)tx.roll_deadlines(lane.domain, now, at_once);
            if (is_ahead(lane)) (void)tx.make_due(lane.domain, now, beyond, at_once);
        }
    });
    if (!written.has_value()) return written.error();
    if (auto read = ask(); !read.has_value()) return read.error();
    return found;
}

result<std::vector<due_delivery>> outbound::due(std::string_view domain, std::size_t limit)
{
    std::vector<due_delivery> found;
    const auto read =
        with_.store.read([&](ports::reader& store) { found = store.due_deliveries(domain, with_.clock.now(), limit); });
    if (!read.has_value()) return read.error();
    return found;
}

// Reports for mailboxes here wait for nobody's pace but their own: they leave for no hop.
std::optional<next_hop> outbound::hop_of(std::string_view domain) const
{
    if (is_here(domain)) return std::nullopt;
    const route_rule* rule = with_.routes.rule_for(domain);
    if (rule == nullptr) return std::nullopt;
    return hop_for(*rule, domain);
}

result<void> outbound::hold_domain(std::string_view domain, std::string_view actor)
{
    const domain_hold row{std::string(domain), with_.clock.now(), std::string(actor)};
    return with_.store.write([&](ports::transaction& tx) { tx.hold_domain(row); });
}

result<outbound::resumed> outbound::resume_domain(std::string_view domain)
{
    constexpr std::size_t at_once = 2000;  // a writer of something else waits no longer than for these
    const instant now = with_.clock.now();
    resumed done;
    for (std::size_t moved = at_once; moved == at_once; done.due_now += moved) {
        const auto written = with_.store.write([&](ports::transaction& tx) {
            if (tx.resume_domain(domain)) done.was_on_hold = true;
            moved = tx.make_due(domain, now, now, at_once);
        });
        if (!written.has_value()) return written.error();
    }
    return done;
}

namespace {
// A newer version goes to the same mailbox, or the document was deleted: sending this one after it would turn the order
// round.
bool is_overtaken(ports::transaction& tx, const delivery_row& row)
{
    if (row.set_key.empty()) return false;
    for (const letter_row& letter : tx.letters_of_set(row.set_key)) {
        if (turn_of(letter.version, letter.operation) <= row.turn) continue;
        if (letter.operation == letter_operation::remove) return true;
        for (const delivery_row& newer : tx.deliveries_of_letter(letter.id))
            if (newer.recipient_key == row.recipient_key && newer.state != delivery_state::cancelled) return true;
    }
    return false;
}

// Destroyed at its term: nothing can be made of it any more.
bool is_content_gone(ports::transaction& tx, const delivery_row& row)
{
    if (row.kind != delivery_kind::letter) return false;
    const auto letter = tx.letter(row.letter);
    return !letter || letter->document.empty();
}
}

result<bool> outbound::requeue(const delivery_id& id)
{
    bool done = false;
    const auto written = change_delivery(with_.store, id, [&](ports::transaction& tx, delivery_row& row) {
        if (row.state == delivery_state::sending || row.state == delivery_state::superseded || is_accepted(row.state))
            return;
        if (is_overtaken(tx, row) || is_content_gone(tx, row)) return;
        if (row.kind != delivery_kind::letter && row.mail.empty()) return;  // its sender was told, its bytes are gone
        row.next_try = row.created_at = with_.clock.now();                  // a person gives it a new day
        record(tx, row, about(with_.clock.now(), event_kind::requeued));
        done = row.state == delivery_state::queued;
    });
    if (!written.has_value()) return result<bool>(boost::system::in_place_error, written.error());
    return result<bool>(boost::system::in_place_value, done);
}
}
