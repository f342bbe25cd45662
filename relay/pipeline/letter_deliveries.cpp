#include "relay/pipeline/letter_deliveries.hpp"

#include <algorithm>
#include <set>

#include "relay/pipeline/stay_fold.hpp"

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

bool is_unsent(delivery_state state)
{
    return state == delivery_state::received || state == delivery_state::held || state == delivery_state::queued ||
           state == delivery_state::deferred;
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

void letter_deliveries::add(ports::transaction& tx, const letter_row& letter,
                            const std::vector<routed_recipient>& all) const
{
    std::vector<recipient> served;
    std::set<std::string> keys;
    for (const delivery_row& known : tx.deliveries_of_letter(letter.id)) {
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
        delivery_row row;
        row.id = delivery_id::make();
        row.letter = letter.id;
        row.role = one.to.role;
        row.recipient_key = recipient_key(with_.vault, one.to);
        row.recipient = with_.vault.seal_field(field::recipient, write_recipient(one.to));
        row.domain = domain_of(one.to.address);
        row.set_key = letter.set_key;
        row.version = letter.version;
        row.created_at = row.next_try = now_;
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
        recipient to;
        to.address = found.address;
        row.recipient_key = recipient_key(with_.vault, to);
        row.next_try = now_;
    }
    record(tx, row, std::move(next));
}

void letter_deliveries::keep_newest(ports::transaction& tx, delivery_row& row) const
{
    for (const letter_row& letter : tx.letters_of_set(row.set_key)) {
        if (letter.version == row.version) continue;
        for (delivery_row& other : tx.deliveries_of_letter(letter.id)) {
            if (other.recipient_key != row.recipient_key) continue;
            delivery_row& older = other.version < row.version ? other : row;
            const delivery_row& newer = other.version < row.version ? row : other;
            if (!is_unsent(older.state) || newer.state == delivery_state::cancelled) continue;
            event next;
            next.at = now_;
            next.kind = event_kind::superseded;
            record(tx, older, std::move(next));
        }
    }
}
}
