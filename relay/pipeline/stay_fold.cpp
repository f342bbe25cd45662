#include "relay/pipeline/stay_fold.hpp"

#include <algorithm>
#include <compare>

namespace relay::pipeline {
bool has_flag(std::string_view flags, std::string_view flag) noexcept
{
    while (!flags.empty()) {
        const auto end = flags.find(' ');
        if (flags.substr(0, end) == flag) return true;
        if (end == std::string_view::npos) break;
        flags.remove_prefix(end + 1);
    }
    return false;
}

void add_flag(std::string& flags, std::string_view flag)
{
    if (flag.empty() || has_flag(flags, flag)) return;
    if (!flags.empty()) flags += ' ';
    flags += flag;
}

void remove_flag(std::string& flags, std::string_view flag)
{
    std::string kept;
    for (std::string_view rest = flags; !rest.empty();) {
        const auto end = rest.find(' ');
        if (rest.substr(0, end) != flag) add_flag(kept, rest.substr(0, end));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    flags = std::move(kept);
}

namespace {
// When something was said: by the hospital's clock, then by arrival.
struct said_at {
    instant recorded{};
    std::size_t arrival = 0;
    friend auto operator<=>(const said_at&, const said_at&) = default;
};

enum class movement_kind { admission, transfer, discharge };

// All that was said about one movement.
struct movement {
    movement_kind kind = movement_kind::admission;
    std::string id;
    std::optional<said_at> inserted;   // last insertion
    std::optional<said_at> cancelled;  // last cancellation
    std::optional<said_at> told;       // of `value`
    const event* value = nullptr;      // the last insertion or update

    [[nodiscard]] bool known() const noexcept { return value != nullptr; }
    [[nodiscard]] bool stands() const noexcept
    {
        return known() && (!cancelled || (inserted && *inserted > *cancelled));
    }
    // Of two that stand the newer: by its insertion; one that was only updated is older than any.
    [[nodiscard]] bool older_than(const movement& other) const noexcept
    {
        if (inserted != other.inserted) return inserted < other.inserted;
        return told < other.told;
    }
};

struct sorted_kind {
    movement_kind kind;
    bool cancels;
};

std::optional<sorted_kind> sort_of(const event& of)
{
    switch (of.kind) {
        case event_kind::stay_admitted: return sorted_kind{movement_kind::admission, false};
        case event_kind::stay_admission_cancelled: return sorted_kind{movement_kind::admission, true};
        case event_kind::stay_moved: return sorted_kind{movement_kind::transfer, false};
        case event_kind::stay_move_cancelled: return sorted_kind{movement_kind::transfer, true};
        // What a letter said of a discharge, and takes back when it turns out to be of another stay, is no movement.
        case event_kind::stay_discharged:
            if (!has_flag(of.facts.flags, flag_adt)) return std::nullopt;
            return sorted_kind{movement_kind::discharge, false};
        case event_kind::stay_discharge_cancelled:
            if (!of.facts.evidence.empty()) return std::nullopt;
            return sorted_kind{movement_kind::discharge, true};
        default: return std::nullopt;
    }
}

bool contains(const std::vector<std::string>& list, const std::string& value)
{
    return std::find(list.begin(), list.end(), value) != list.end();
}

template <class Value>
void keep_later(std::optional<Value>& into, const Value& value)
{
    if (!into || *into < value) into = value;
}

class stay_folder {
public:
    explicit stay_folder(std::span<const event> events)
    {
        for (std::size_t i = 0; i < events.size(); ++i) take(events[i], i);
        spread_cancellations();
    }

    stay_view view(const stay_rules& rules) const
    {
        stay_view made;
        made.in_feed = !movements_.empty();
        read_admission(made);
        read_discharge(made);
        if (handed_over_) add_flag(made.flags, flag_handed_over);
        read_service(made);
        made.patient_class = last_class();
        made.exclusion = exclusion(rules, made.patient_class);
        read_person(made);
        return made;
    }

private:
    void take(const event& next, std::size_t arrival)
    {
        const said_at when{next.facts.movement.recorded.value_or(next.at), arrival};
        if (next.kind == event_kind::stay_excluded) excluded_ = next.facts.evidence;
        if (next.kind == event_kind::handed_over) handed_over_ = true;
        if (const auto sort = sort_of(next))
            take_movement(next, when, *sort);
        else if (next.kind == event_kind::stay_discharged || next.kind == event_kind::stay_discharge_cancelled)
            take_letter(next, when);
    }

    void take_movement(const event& next, const said_at& when, const sorted_kind& sort)
    {
        const movement_facts& facts = next.facts.movement;
        if (!facts.treating_rpps.empty()) keep_last(doctor_, when, facts);
        if (!facts.identity_key.empty() || !facts.traits_key.empty()) keep_last(person_, when, facts);
        movement& of = find(sort.kind, facts.id);
        if (sort.cancels) {
            keep_later(of.cancelled, when);
            return;
        }
        if (next.facts.movement.action == movement_action::insert) keep_later(of.inserted, when);
        if (of.told && when < *of.told) return;
        of.told = when;
        of.value = &next;
    }

    // What the last message that says it at all says.
    struct last_word {
        said_at when;
        const movement_facts* said = nullptr;
    };
    static void keep_last(last_word& into, const said_at& when, const movement_facts& said)
    {
        if (into.said == nullptr || into.when < when) into = {when, &said};
    }

    movement& find(movement_kind kind, const std::string& id)
    {
        for (movement& each : movements_)
            if (each.kind == kind && each.id == id) return each;
        movements_.push_back({kind, id, {}, {}, {}, nullptr});
        return movements_.back();
    }

    // One letter speaks once: the last of what it said and took back.
    void take_letter(const event& next, const said_at& when)
    {
        const auto same = [&](const letter_word& word) {
            return !next.facts.evidence.empty() && word.said->facts.evidence == next.facts.evidence;
        };
        letters_.erase(std::remove_if(letters_.begin(), letters_.end(), same), letters_.end());
        if (next.kind == event_kind::stay_discharged) letters_.push_back({&next, when});
    }

    void spread_cancellations()
    {
        for (const movement& from : std::vector<movement>(movements_)) {
            if (!from.cancelled) continue;
            for (movement& each : movements_)
                if (each.kind == from.kind && (each.id.empty() || from.id.empty() || !from.known()))
                    keep_later(each.cancelled, *from.cancelled);
        }
    }

    [[nodiscard]] const movement* newest(movement_kind kind) const
    {
        const movement* found = nullptr;
        for (const movement& each : movements_)
            if (each.kind == kind && each.stands() && (found == nullptr || found->older_than(each))) found = &each;
        return found;
    }

    [[nodiscard]] std::optional<said_at> last_cancellation(movement_kind kind) const
    {
        std::optional<said_at> last;
        for (const movement& each : movements_)
            if (each.kind == kind && each.cancelled) keep_later(last, *each.cancelled);
        return last;
    }

    void read_admission(stay_view& into) const
    {
        if (const movement* standing = newest(movement_kind::admission)) {
            into.admission = standing->value->facts.movement.at;
            return;
        }
        const movement* last = nullptr;  // a cancelled admission was still for that day
        for (const movement& each : movements_)
            if (each.kind == movement_kind::admission && each.known() && (last == nullptr || last->older_than(each)))
                last = &each;
        const movement* out = newest(movement_kind::discharge);
        if (last != nullptr)
            into.admission = last->value->facts.movement.at;
        else if (out != nullptr)
            into.admission = out->value->facts.movement.at;
    }

    void read_discharge(stay_view& into) const
    {
        const movement* standing = newest(movement_kind::discharge);
        const event* said = standing != nullptr ? standing->value : provisional();
        if (said == nullptr) return;
        into.discharge = said->facts.discharge;
        into.quality = said->facts.quality;
        into.flags = said->facts.flags;
    }

    [[nodiscard]] const event* provisional() const
    {
        const auto cancelled = last_cancellation(movement_kind::discharge);
        const letter_word* best = nullptr;
        for (const letter_word& word : letters_) {
            if (cancelled && word.when < *cancelled) continue;
            const auto rank = [](const letter_word& w) { return std::pair(w.said->facts.quality, w.when); };
            if (best == nullptr || rank(word) < rank(*best)) best = &word;
        }
        return best != nullptr ? best->said : nullptr;
    }

    void read_service(stay_view& into) const
    {
        if (const movement* out = newest(movement_kind::discharge)) into.service = out->value->facts.movement.service;
        if (!into.service.empty()) return;
        const movement* last = nullptr;
        const auto place = [](const movement& m) { return std::pair(m.value->facts.movement.at, m.told); };
        for (const movement& each : movements_) {
            if (each.kind == movement_kind::discharge || !each.stands()) continue;
            if (each.value->facts.movement.service.empty()) continue;
            if (last == nullptr || place(*last) < place(each)) last = &each;
        }
        if (last != nullptr) into.service = last->value->facts.movement.service;
    }

    [[nodiscard]] std::string last_class() const
    {
        const movement* last = nullptr;
        for (const movement& each : movements_)
            if (each.stands() && !each.value->facts.movement.patient_class.empty() &&
                (last == nullptr || last->told < each.told))
                last = &each;
        return last != nullptr ? last->value->facts.movement.patient_class : std::string();
    }

    void read_person(stay_view& into) const
    {
        if (doctor_.said != nullptr) into.treating_rpps = doctor_.said->treating_rpps;
        if (person_.said == nullptr) return;
        into.identity_key = person_.said->identity_key;
        into.traits_key = person_.said->traits_key;
    }

    [[nodiscard]] bool admission_cancelled() const
    {
        const auto cancelled = last_cancellation(movement_kind::admission);
        if (!cancelled || newest(movement_kind::admission) != nullptr) return false;
        return std::none_of(movements_.begin(), movements_.end(), [&](const movement& each) {
            return each.stands() && each.inserted && *each.inserted > *cancelled;
        });
    }

    [[nodiscard]] std::string exclusion(const stay_rules& rules, const std::string& last) const
    {
        if (admission_cancelled()) return std::string(exclusion_cancelled);
        if (!excluded_.empty()) return excluded_;
        if (contains(rules.series_classes, last)) return std::string(exclusion_series);
        const bool admitted = std::any_of(movements_.begin(), movements_.end(), [&](const movement& each) {
            return each.stands() && contains(rules.admitted_classes, each.value->facts.movement.patient_class);
        });
        if (!admitted && contains(rules.emergency_classes, last)) return std::string(exclusion_emergency);
        return {};
    }

    struct letter_word {
        const event* said;
        said_at when;
    };
    std::vector<movement> movements_;
    std::vector<letter_word> letters_;
    last_word doctor_, person_;
    std::string excluded_;
    bool handed_over_ = false;
};
}

stay_view fold_stay(std::span<const event> events, const stay_rules& rules)
{
    return stay_folder(events).view(rules);
}
}
