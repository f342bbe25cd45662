#include "relay/pipeline/stay_keeper.hpp"

#include <algorithm>
#include <iterator>

#include "relay/pipeline/letter_deliveries.hpp"
#include "relay/pipeline/patient_keys.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
namespace {
void flag_match(std::string& flags, match_state state)
{
    remove_flag(flags, flag_matched_by_identity);
    remove_flag(flags, flag_matched_by_person);
    if (state == match_state::identity) add_flag(flags, flag_matched_by_identity);
    if (state == match_state::person) add_flag(flags, flag_matched_by_person);
}
}

std::string stay_keeper::key(std::string_view kind, const std::string& number) const
{
    return number_key(with_.vault, kind, site_.finess, number);
}

stay_row stay_keeper::known_or_made(std::optional<stay_row> known, const std::string& visit_key,
                                    const std::string& file_key) const
{
    stay_row row = std::move(known).value_or(stay_row{});
    if (row.id.empty()) {
        row.id = stay_id::make();
        row.establishment = site_.finess;
        row.created_at = now_;
    }
    if (row.visit_key.empty()) row.visit_key = visit_key;
    if (row.file_key.empty()) row.file_key = file_key;
    return row;
}

event stay_keeper::movement_event(const movement_plan& plan) const
{
    const patient_keys who = keys_of(with_.vault, plan.stay.identity);
    event next;
    next.at = now_;
    next.kind = *plan.what;
    next.facts.flags = flag_adt;
    if (plan.stay.discharge) {
        next.facts.discharge = plan.stay.discharge->at;
        next.facts.quality = plan.stay.discharge->quality;
        next.facts.flags = plan.stay.discharge->flags;
    }
    movement_facts& facts = next.facts.movement;
    facts.id = plan.movement_id;
    facts.action = plan.action;
    facts.recorded = plan.stay.written;
    facts.at = plan.at;
    if (next.kind == event_kind::stay_discharged) facts.at = plan.stay.admission;
    facts.patient_class = plan.patient_class;
    facts.service = plan.stay.service;
    facts.treating_rpps = plan.stay.treating_rpps;
    facts.identity_key = who.identity;
    facts.traits_key = who.traits;
    return next;
}

stay_id stay_keeper::take_movement(ports::transaction& tx, const movement_plan& plan) const
{
    if (!plan.what) return {};
    const std::string visit_key = key("visit", plan.stay.visit_number), file_key = key("file", plan.stay.file_number);
    stay_row stay = known_or_made(tx.stay_by_key(visit_key, file_key), visit_key, file_key);
    event next = movement_event(plan);
    next.stay = stay.id;
    tx.append(next);
    const stay_row before = stay;
    project_stay(tx, stay, site_.stays);
    match_again(tx, before, stay);
    const letter_deliveries deliveries(with_, now_, site_);
    const bool moved = before.discharge != stay.discharge || before.quality != stay.quality;
    if (!moved && stay.treating_rpps.empty()) return stay.id;
    for (letter_row& letter : tx.letters_of_stay(stay.id)) {
        if (moved) deliveries.set_goals(tx, letter);
        if (!stay.treating_rpps.empty()) deliveries.name_doctor(tx, std::move(letter), stay.treating_rpps);
    }
    return stay.id;
}

bound_letter stay_keeper::bind_new(ports::transaction& tx, const letter_id& letter, const stay_fact& fact) const
{
    letter_clues clues = clues_of(with_.vault, site_.finess, fact, now_);
    clues.letter = letter;
    bound_letter bound = settle(tx, std::move(clues));
    if (bound.stay.id.empty()) return bound;
    if (bound.stay.service.empty()) bound.stay.service = fact.service;
    add_word(tx, bound.stay, bound.clues, event_kind::stay_discharged);
    return bound;
}

bound_letter stay_keeper::settle(ports::transaction& tx, letter_clues clues) const
{
    stay_match found = find_stay(tx, clues);
    clues.state = found.state;
    const bool by_number = found.state != match_state::identity && !(clues.visit_key.empty() && clues.file_key.empty());
    bound_letter bound{by_number ? known_or_made(std::move(found.stay), clues.visit_key, clues.file_key)
                                 : std::move(found.stay).value_or(stay_row{}),
                       std::move(clues)};
    const letter_clues& known = bound.clues;
    if (bound.stay.id.empty() || bound.stay.in_feed) return bound;
    // Only letters speak of this stay: it is what they say.
    if (!bound.stay.admission) bound.stay.admission = known.starts;
    if (bound.stay.identity_key.empty()) bound.stay.identity_key = known.identity_key;
    if (bound.stay.traits_key.empty()) bound.stay.traits_key = known.traits_key;
    return bound;
}

void stay_keeper::add_word(ports::transaction& tx, stay_row& stay, const letter_clues& clues, event_kind kind) const
{
    if (clues.ends) {
        event next;
        next.at = now_;
        next.kind = kind;
        next.stay = stay.id;
        next.facts.discharge = clues.ends;
        next.facts.quality = clues.ends_quality;
        next.facts.flags = clues.ends_flags;
        next.facts.evidence = clues.letter.text();
        next.facts.movement.recorded = clues.written;
        tx.append(next);
    }
    project_stay(tx, stay, site_.stays);
}

void stay_keeper::match_again(ports::transaction& tx, const stay_row& before, const stay_row& now) const
{
    std::vector<letter_clues> touched = tx.clues_like(now);
    if (before.identity_key != now.identity_key || before.traits_key != now.traits_key) {
        // The identity was corrected: letters of the person it was before.
        const auto known = [&](const letter_clues& one) {
            return std::any_of(touched.begin(), touched.end(),
                               [&](const letter_clues& other) { return other.letter == one.letter; });
        };
        std::vector<letter_clues> former = tx.clues_like(before);
        former.erase(std::remove_if(former.begin(), former.end(), known), former.end());
        std::move(former.begin(), former.end(), std::back_inserter(touched));
    }
    for (const letter_clues& clues : touched) {
        if (clues.state == match_state::person) continue;
        if (!may_be_about(clues, before) && !may_be_about(clues, now)) continue;
        auto letter = tx.letter(clues.letter);
        if (!letter) continue;
        bound_letter to = settle(tx, clues);
        if (to.stay.id == letter->stay && to.clues.state == clues.state) continue;
        rebind(tx, std::move(*letter), std::move(to), {});
    }
}

void stay_keeper::rebind(ports::transaction& tx, letter_row letter, bound_letter to, const std::string& actor) const
{
    if (letter.stay != to.stay.id) {
        if (auto left = letter.stay.empty() ? std::nullopt : tx.stay(letter.stay))
            add_word(tx, *left, to.clues, event_kind::stay_discharge_cancelled);
        if (!to.stay.id.empty()) add_word(tx, to.stay, to.clues, event_kind::stay_discharged);
        letter.stay = to.stay.id;
        if (letter.service.empty()) letter.service = to.stay.service;
    }
    flag_match(letter.flags, to.clues.state);
    tx.save_letter(letter);
    tx.save_clues(to.clues);
    event matched;
    matched.at = now_;
    matched.kind = event_kind::letter_matched;
    matched.letter = letter.id;
    matched.facts.flags = letter.flags;
    matched.facts.evidence = to.stay.id.text();
    matched.facts.actor = actor;
    tx.append(matched);
    const letter_deliveries deliveries(with_, now_, site_);
    deliveries.set_goals(tx, letter);
    if (!to.stay.treating_rpps.empty()) deliveries.name_doctor(tx, std::move(letter), to.stay.treating_rpps);
}

stay_keeper::hand_over stay_keeper::take_hand_over(ports::transaction& tx, const std::string& visit_number, instant at,
                                                   const std::string& actor) const
{
    auto stay = tx.stay_by_key(key("visit", visit_number), {});
    if (!stay) return hand_over::no_stay;
    if (has_flag(stay->flags, flag_handed_over)) return hand_over::already;
    event next;
    next.at = now_;
    next.kind = event_kind::handed_over;
    next.stay = stay->id;
    next.facts.movement.at = at;
    next.facts.actor = actor;
    tx.append(next);
    project_stay(tx, *stay, site_.stays);
    return hand_over::done;
}

stay_keeper::binding stay_keeper::bind_by_hand(ports::transaction& tx, const letter_id& letter, const stay_id& stay,
                                               const std::string& actor) const
{
    auto row = tx.letter(letter);
    if (!row) return binding::no_letter;
    auto chosen = tx.stay(stay);
    if (!chosen) return binding::no_stay;
    letter_clues clues = tx.clues_of(letter).value_or(letter_clues{});
    if (row->stay == stay && clues.state != match_state::open) return binding::already;
    clues.letter = letter;
    clues.state = match_state::person;
    rebind(tx, std::move(*row), {std::move(*chosen), std::move(clues)}, actor);
    return binding::done;
}
}
