#include "relay/pipeline/work_desk.hpp"

#include <algorithm>

#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/services.hpp"

namespace relay::pipeline {
namespace {
constexpr std::string_view exclusion_manual = "MANUAL";
constexpr std::chrono::hours longest_snooze{31 * 24};
constexpr std::chrono::hours oldest_channel{92 * 24};

bool is_name(std::string_view text)
{
    constexpr std::size_t most = 64;
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-";
    return text.size() <= most && text.find_first_not_of(allowed) == std::string_view::npos;
}

// What a line is about, in the ledger.
void take_subject(event& into, const work_evidence& of)
{
    switch (of.kind) {
        case work_kind::stay: into.stay = stay_id(of.item); break;
        case work_kind::delivery: into.delivery = delivery_id(of.item); break;
        case work_kind::letter: into.letter = letter_id(of.item); break;
        case work_kind::patients:
        case work_kind::mailbox: break;
    }
}

bool has_subject(const event& of)
{
    return !of.stay.empty() || !of.letter.empty() || !of.delivery.empty();
}

// The projection of one more event on what was said before.
work_said said_after(work_said before, const event& next)
{
    before.actor = next.facts.actor;
    before.at = next.at;
    if (next.kind == event_kind::work_assigned) {
        before.assigned_to = next.facts.said.to;
        return before;
    }
    before.last = next.kind == event_kind::work_snoozed ? work_said::word::snoozed : work_said::word::done;
    before.until = next.facts.said.at;
    before.reason = next.facts.said.reason;
    before.about = next.facts.said.about;
    return before;
}

// The deliveries that another channel stands for.
std::vector<delivery_row> deliveries_of(ports::reader& rows, const std::string& id)
{
    if (auto one = rows.delivery(delivery_id(id))) return {std::move(*one)};
    std::vector<letter_row> letters = rows.letters_of_stay(stay_id(id));
    if (auto letter = rows.letter(letter_id(id))) letters = {std::move(*letter)};
    std::vector<delivery_row> found;
    for (const letter_row& letter : letters)
        for (delivery_row& row : rows.deliveries_of_letter(letter.id))
            if (row.role == recipient_role::treating_doctor) found.push_back(std::move(row));
    return found;
}

bool may_take_another_channel(const delivery_row& row)
{
    return row.kind == delivery_kind::letter && !is_accepted(row.state) && row.state != delivery_state::other_channel;
}
}

result<desk_answer> work_desk::in_one_unit(const std::function<desk_answer(ports::transaction&)>& work)
{
    desk_answer answer = desk_answer::unknown_item;
    const auto written = store_.write([&](ports::transaction& tx) { answer = work(tx); });
    if (!written.has_value()) return result<desk_answer>(boost::system::in_place_error, written.error());
    return result<desk_answer>(boost::system::in_place_value, answer);
}

result<desk_answer> work_desk::say(std::string_view item, event_kind kind, const said_facts& said,
                                   const std::string& actor)
{
    return in_one_unit([&](ports::transaction& tx) {
        event next;
        next.at = clock_.now();
        next.kind = kind;
        next.facts.said = said;
        next.facts.actor = actor;
        const auto found = tx.work().find_work(item);
        if (!found) return desk_answer::unknown_item;
        next.facts.said.about = about_of(*found, next.at);
        if (next.facts.said.about.empty()) return desk_answer::unknown_item;
        take_subject(next, *found);
        work_said said_now = found->said.value_or(work_said{});
        said_now.item = found->item;
        said_now = said_after(std::move(said_now), next);
        if (has_subject(next))
            tx.append(next);
        else
            tx.work_changes().add_to_log(said_now, next.kind);
        tx.work_changes().save_said(said_now);
        return desk_answer::done;
    });
}

result<desk_answer> work_desk::assign(std::string_view item, const std::string& to, const std::string& actor)
{
    if (!is_name(to)) return result<desk_answer>(boost::system::in_place_value, desk_answer::bad_name);
    said_facts said;
    said.to = to;
    return say(item, event_kind::work_assigned, said, actor);
}

result<desk_answer> work_desk::snooze(std::string_view item, instant until, const std::string& actor)
{
    const instant now = clock_.now();
    if (until <= now || until > now + longest_snooze)
        return result<desk_answer>(boost::system::in_place_value, desk_answer::bad_time);
    said_facts said;
    said.at = until;
    return say(item, event_kind::work_snoozed, said, actor);
}

result<desk_answer> work_desk::finish(std::string_view item, const std::string& reason, const std::string& actor)
{
    if (!is_known(done_reasons(), reason))
        return result<desk_answer>(boost::system::in_place_value, desk_answer::unknown_code);
    said_facts said;
    said.reason = reason;
    return say(item, event_kind::work_done, said, actor);
}

result<desk_answer> work_desk::other_channel(std::string_view id, const std::string& channel,
                                             std::optional<instant> used, const std::string& actor)
{
    const instant now = clock_.now();
    if (!is_known(other_channels(), channel))
        return result<desk_answer>(boost::system::in_place_value, desk_answer::unknown_code);
    if (used && (*used > now || *used < now - oldest_channel))
        return result<desk_answer>(boost::system::in_place_value, desk_answer::bad_time);
    return in_one_unit([&](ports::transaction& tx) {
        std::vector<delivery_row> rows = deliveries_of(tx, std::string(id));
        if (rows.empty()) return desk_answer::unknown_item;
        rows.erase(std::remove_if(rows.begin(), rows.end(), std::not_fn(may_take_another_channel)), rows.end());
        for (delivery_row& row : rows) {
            event next;
            next.at = now;
            next.kind = event_kind::other_channel;
            next.facts.actor = actor;
            next.facts.said.reason = channel;
            next.facts.said.at = used;
            record(tx, row, std::move(next));
        }
        return rows.empty() ? desk_answer::not_needed : desk_answer::done;
    });
}

result<desk_answer> work_desk::exclude(std::string_view stay, const std::string& reason, const std::string& actor)
{
    if (!reason.empty() && !is_known(exclusion_reasons(), reason))
        return result<desk_answer>(boost::system::in_place_value, desk_answer::unknown_code);
    return in_one_unit([&](ports::transaction& tx) {
        auto row = tx.stay(stay_id(std::string(stay)));
        if (!row) return desk_answer::unknown_item;
        if (reason.empty() && row->exclusion != exclusion_manual) return desk_answer::not_needed;
        event next;
        next.at = clock_.now();
        next.kind = event_kind::stay_excluded;
        next.stay = row->id;
        if (!reason.empty()) next.facts.evidence = exclusion_manual;
        next.facts.said.reason = reason;
        next.facts.actor = actor;
        tx.append(next);
        project_stay(tx, *row, rules_);
        return desk_answer::done;
    });
}
}
