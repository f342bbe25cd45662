#include "relay/pipeline/letter_deliveries.hpp"

#include <algorithm>
#include <set>

#include "relay/pipeline/clock_rules.hpp"
#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/stay_fold.hpp"
#include "relay/pipeline/version_chain.hpp"

namespace relay::pipeline {
namespace {
bool is_doctor(recipient_role role)
{
    return role == recipient_role::professional || role == recipient_role::treating_doctor;
}

recipient_role role_by(const std::string& treating_rpps, recipient_role role, const std::string& rpps)
{
    if (treating_rpps.empty() || !is_doctor(role)) return role;
    return rpps == treating_rpps ? recipient_role::treating_doctor : recipient_role::professional;
}
}

recipient routed_recipient::addressed() const
{
    recipient full = to;
    if (const auto* found = std::get_if<route_found>(&decision)) full.address = found->address;
    return full;
}

void name_treating_doctor(std::vector<routed_recipient>& all, const std::string& rpps, std::string* flags)
{
    for (auto& one : all) one.to.role = role_by(rpps, one.to.role, one.to.rpps);
    const auto has = [&all](auto is_so) {
        return std::count_if(all.begin(), all.end(), [&](const auto& one) { return is_so(one.to.role); });
    };
    if (flags == nullptr || !rpps.empty() || has(is_doctor) != 1) return;
    if (has([](recipient_role role) { return role == recipient_role::treating_doctor; }) != 0) return;
    std::find_if(all.begin(), all.end(), [](const auto& one) { return is_doctor(one.to.role); })->to.role =
        recipient_role::treating_doctor;
    add_flag(*flags, flag_mt_assumed);
}

std::vector<routed_recipient> letter_deliveries::unserved(ports::reader& store, const letter_row& letter,
                                                          const std::vector<routed_recipient>& all) const
{
    std::vector<routed_recipient> found;
    std::vector<recipient> served;
    std::set<std::string> keys;
    for (const delivery_row& known : store.deliveries_of_letter(letter.id)) {
        keys.insert(known.recipient_key);
        if (const auto opened = with_.vault.open_field(field::recipient, known.recipient); opened.has_value())
            served.push_back(read_recipient(*opened));
    }
    for (const routed_recipient& one : all) {
        const recipient to = one.addressed();
        const bool known =
            std::any_of(served.begin(), served.end(), [&to](const auto& other) { return same_mailbox(to, other); });
        if (!keys.insert(recipient_key(with_.vault, to)).second || known) continue;
        served.push_back(to);
        found.push_back(one);
    }
    return found;
}

void letter_deliveries::add(ports::transaction& tx, const letter_row& letter,
                            const std::vector<routed_recipient>& all) const
{
    const delivery_goals until = goals(tx, letter);
    for (const routed_recipient& one : unserved(tx, letter, all)) {
        delivery_row row;
        row.id = delivery_id::make();
        row.letter = letter.id;
        row.role = one.to.role;
        row.recipient_key = recipient_key(with_.vault, one.to);
        row.recipient = with_.vault.seal_field(field::recipient, write_recipient(one.to));
        row.domain = domain_of(one.to.address);
        row.set_key = letter.set_key;
        row.version = letter.version;
        row.turn = turn_of(letter.version, letter.operation);
        row.created_at = row.next_try = now_;
        row.deadline = until.first;
        row.last_deadline = until.last;
        route(tx, row, one.decision);  // also saves the row
        keep_newest(tx, row);
    }
}

void letter_deliveries::name_doctor(ports::transaction& tx, letter_row letter, const std::string& rpps) const
{
    if (letter.treating_rpps == rpps) return;
    letter.treating_rpps = rpps;
    remove_flag(letter.flags, flag_mt_assumed);
    tx.save_letter(letter);
    event matched;
    matched.at = now_;
    matched.kind = event_kind::letter_matched;
    matched.letter = letter.id;
    matched.facts.flags = letter.flags;
    tx.append(matched);
    for (delivery_row& row : tx.deliveries_of_letter(letter.id)) {
        const auto opened = with_.vault.open_field(field::recipient, row.recipient);
        if (!opened.has_value()) continue;
        const recipient_role role = role_by(rpps, row.role, read_recipient(*opened).rpps);
        if (role == row.role) continue;
        row.role = role;
        tx.save_delivery(row);
    }
}

delivery_goals letter_deliveries::goals(ports::reader& store, const letter_row& letter) const
{
    std::optional<stay_clock> discharge;
    const auto stay = letter.stay.empty() ? std::nullopt : store.stay(letter.stay);
    if (stay && stay->discharge) discharge = stay_clock{*stay->discharge, stay->quality};
    return goals_of(discharge, letter.received_at, site_.zone_of(stay ? stay->service : letter.service));
}

void letter_deliveries::set_goals(ports::transaction& tx, const letter_row& letter) const
{
    const delivery_goals until = goals(tx, letter);
    for (delivery_row& row : tx.deliveries_of_letter(letter.id)) {
        if (!is_open(row.state) || row.last_deadline == until.last) continue;
        row.deadline = until.first;
        row.last_deadline = until.last;
        tx.save_delivery(row);
    }
}

void letter_deliveries::route(ports::transaction& tx, delivery_row& row, const route_decision& decision) const
{
    event next;
    next.at = now_;
    if (const cause* why = std::get_if<cause>(&decision)) {
        next.kind = event_kind::held;
        next.facts.why = *why;
    } else {
        const auto& found = std::get<route_found>(decision);
        next.kind = event_kind::routed;
        row.domain = found.domain;
        row.addressee = found.addressee;
        recipient to;
        to.address = found.address;
        row.recipient_key = recipient_key(with_.vault, to);
        row.next_try = now_;
    }
    record(tx, row, std::move(next));
}

void letter_deliveries::close(ports::transaction& tx, delivery_row& row, event_kind kind, std::string_view flag) const
{
    event next;
    next.at = now_;
    next.kind = kind;
    next.facts.flags = flag;
    record(tx, row, std::move(next));
}

void letter_deliveries::keep_newest(ports::transaction& tx, delivery_row& row) const
{
    const std::vector<letter_row> set = tx.letters_of_set(row.set_key);
    const auto own =
        std::find_if(set.begin(), set.end(), [&row](const letter_row& letter) { return letter.id == row.letter; });
    if (own == set.end()) return;
    for (const letter_row& letter : set) {
        const int turn = turn_of(letter.version, letter.operation);
        if (turn == row.turn) continue;
        const bool overtaken = turn > row.turn;
        if ((overtaken ? letter : *own).operation == letter_operation::remove) {
            if (overtaken && is_unsent(row)) close(tx, row, event_kind::cancelled, flag_deleted);
            continue;
        }
        for (delivery_row& other : tx.deliveries_of_letter(letter.id)) {
            if (other.recipient_key != row.recipient_key) continue;
            delivery_row& older = overtaken ? row : other;
            const delivery_row& newer = overtaken ? other : row;
            if (is_unsent(older) && newer.state != delivery_state::cancelled)
                close(tx, older, event_kind::superseded, {});
        }
    }
    if (own->operation == letter_operation::remove && is_unsent(row)) settle_removal(tx, *own, row);
}

// What waits is cancelled, also where it waits for an address: given up is not forgotten (domain.md §4).
void letter_deliveries::settle_removal(ports::transaction& tx, const letter_row& removal, delivery_row& row) const
{
    for (earlier_delivery& earlier : earlier_deliveries(tx, row.set_key, row.turn))
        if (is_unsent(earlier.row) ||
            (earlier.row.state == delivery_state::undeliverable && !has_begun(tx, earlier.row)))
            close(tx, earlier.row, event_kind::cancelled, flag_deleted);
    if (role_of_mail(tx, with_.vault, removal, row).what == mail_role::kind::nothing_to_delete)
        close(tx, row, event_kind::cancelled, flag_nothing_to_delete);
}

bool letter_deliveries::leaves_out_somebody(ports::reader& store, const letter_row& letter,
                                            const std::vector<routed_recipient>& all) const
{
    for (const earlier_delivery& earlier :
         earlier_deliveries(store, letter.set_key, turn_of(letter.version, letter.operation))) {
        if (earlier.letter.operation == letter_operation::remove || !has_begun(store, earlier.row)) continue;
        const auto opened = with_.vault.open_field(field::recipient, earlier.row.recipient);
        if (!opened.has_value()) continue;
        const recipient had = read_recipient(*opened);
        if (std::none_of(all.begin(), all.end(),
                         [&had](const routed_recipient& one) { return same_mailbox(had, one.addressed()); }))
            return true;
    }
    return false;
}
}
