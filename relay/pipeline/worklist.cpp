#include "relay/pipeline/worklist.hpp"

#include <algorithm>
#include <charconv>

#include "relay/pipeline/causes.hpp"
#include "relay/pipeline/delivery_fold.hpp"

namespace relay::pipeline {
namespace {
// A delivery of a letter is told by its state and cause; a stay by its mark, and by whether it has a letter.
work_topic topic_of(attention mark, bool has_letter)
{
    switch (mark) {
        case attention::none:
        case attention::no_letter_in_the_evening: break;
        case attention::j0_missed: return has_letter ? work_topic::j0_missed_on_the_way : work_topic::j0_missed;
        case attention::h36_passed: return has_letter ? work_topic::h36_passed_on_the_way : work_topic::h36_passed;
        case attention::h48_missed: return has_letter ? work_topic::h48_missed_on_the_way : work_topic::h48_missed;
    }
    return work_topic::no_letter_in_the_evening;
}

attention mark_of(const work_evidence& of, instant now, const attention_rules& rules)
{
    return of.facts ? attention_of(*of.facts, now, rules) : attention::none;
}

bool asks_for_a_person(delivery_state state, cause why)
{
    using enum delivery_state;
    return state == held || state == failed || state == undeliverable || state == rejected_by_software ||
           (why == cause::disputed && is_accepted(state));
}

void take_words(work_item& into, const work_words& words)
{
    into.word = words.word;
    into.first_actor = words.first_actor;
    into.label = words.label;
    into.actor_label = words.actor_label;
    into.action = words.action;
    into.action_en = words.action_en;
}

std::string_view label_of(delivery_state state)
{
    switch (state) {
        case delivery_state::held: return "envoi retenu";
        case delivery_state::undeliverable: return "non remise";
        case delivery_state::rejected_by_software: return "refusée par le logiciel";
        case delivery_state::failed: return "échec de l'envoi";
        default: return "lettre contestée";
    }
}

void take_delivery_words(work_item& into, delivery_state state, cause why)
{
    const cause_facts& facts = facts_of(why == cause::none ? cause::unknown : why);
    into.word = name(state);
    into.first_actor = facts.first_actor;
    into.label = std::string(label_of(state)) + " : " + std::string(facts.label);
    into.actor_label = facts.actor_label;
    into.action = facts.action;
    into.action_en = facts.action_en;
}

void take_said(work_item& into, const work_said& said, std::string_view about, instant now)
{
    into.assigned_to = said.assigned_to;
    if (said.about != about) return;  // it is another thing now than what was put off or done
    const bool asleep = said.last == work_said::word::snoozed && said.until && *said.until > now;
    if (!asleep && said.last != work_said::word::done) return;
    into.stands = asleep ? work_item::standing::snoozed : work_item::standing::done;
    into.until = asleep ? said.until : std::nullopt;
    into.reason = asleep ? std::string() : said.reason;
    into.actor = said.actor;
}

std::vector<std::string> services_where(const organisation& sites, std::string_view value,
                                        const std::string site_entry::*member)
{
    std::vector<std::string> found;
    for (const site_entry& site : sites.sites())
        if (site.*member == value)
            for (const auto& [code, label] : site.services) found.push_back(code);
    return found;
}
}

std::string_view name(work_kind value) noexcept
{
    switch (value) {
        case work_kind::stay: return "stay";
        case work_kind::delivery: return "delivery";
        case work_kind::letter: return "letter";
        case work_kind::patients: return "patients";
        case work_kind::mailbox: return "mailbox";
    }
    return "unknown";
}

bool asks_for_a_person(const delivery_row& row) noexcept
{
    return row.kind == delivery_kind::letter && asks_for_a_person(row.state, row.why);
}

std::string about_of(const work_evidence& of, instant now, const attention_rules& rules)
{
    switch (of.kind) {
        case work_kind::stay: {
            const attention mark = mark_of(of, now, rules);
            if (mark == attention::none) return {};
            // A discharge that is corrected, or cancelled and told again, misses its goals anew.
            return std::string(words_of(topic_of(mark, of.facts->has_letter)).word) + " " +
                   std::to_string(of.since.time_since_epoch().count());
        }
        case work_kind::delivery:
            if (!asks_for_a_person(of.state, of.why)) return {};
            // The stay of a letter has no line beside it: what was done about this one ends when that gets worse.
            return std::string(name(of.state)) + " " + std::string(name(of.why)) + " " +
                   std::string(name(mark_of(of, now, rules)));
        case work_kind::letter: return std::string(words_of(work_topic::unmatched).word);
        // These keep their id for ever: what was done about them ends with what they count.
        case work_kind::patients:
            return std::string(words_of(work_topic::patients_held).word) + " " + std::to_string(of.count) + " " +
                   std::to_string(of.since.time_since_epoch().count());
        case work_kind::mailbox:
            return std::string(words_of(of.warning).word) + " " + std::to_string(of.since.time_since_epoch().count()) +
                   (of.warning == work_topic::binding_mismatch ? " " + of.letter.text() : "");
    }
    return {};
}

std::optional<work_item> item_of(const work_evidence& of, const organisation& sites, instant now,
                                 const attention_rules& rules)
{
    const std::string about = about_of(of, now, rules);
    if (about.empty()) return std::nullopt;
    work_item made;
    made.id = of.item;
    made.kind = of.kind;
    made.service = of.service;
    if (const site_entry* site = sites.site_of(of.service)) made.site = site->code, made.group = site->group;
    made.letter = of.letter;
    made.stay = of.stay;
    made.mark = mark_of(of, now, rules);
    switch (of.kind) {
        case work_kind::stay: take_words(made, words_of(topic_of(made.mark, of.facts->has_letter))); break;
        case work_kind::delivery: take_delivery_words(made, of.state, of.why); break;
        case work_kind::letter: take_words(made, words_of(work_topic::unmatched)); break;
        case work_kind::patients: take_words(made, words_of(work_topic::patients_held)); break;
        case work_kind::mailbox: take_words(made, words_of(of.warning)); break;
    }
    if (of.kind == work_kind::delivery) made.why = of.why;
    made.has_deadline = of.kind != work_kind::mailbox;
    made.deadline = of.goals.first > now ? of.goals.first : of.goals.last;
    made.since = of.since;
    made.domain = of.domain;
    made.count = of.count;
    if (of.said) take_said(made, *of.said, about, now);
    return made;
}

std::string text_of(const work_place& place)
{
    return std::to_string(place.deadline.time_since_epoch().count()) + "-" + place.item;
}

std::optional<work_place> read_work_place(std::string_view text)
{
    constexpr std::size_t most = 200;
    if (text.size() > most) return std::nullopt;
    std::int64_t milliseconds = 0;
    const char* const last = text.data() + text.size();
    const auto [end, code] = std::from_chars(text.data(), last, milliseconds);
    if (code != std::errc() || end == last || *end != '-') return std::nullopt;
    return work_place{instant(std::chrono::milliseconds(milliseconds)), std::string(end + 1, last)};
}

std::vector<std::string> services_of_site(const organisation& sites, std::string_view site)
{
    return services_where(sites, site, &site_entry::code);
}

std::vector<std::string> services_of_group(const organisation& sites, std::string_view group)
{
    return services_where(sites, group, &site_entry::group);
}
}
