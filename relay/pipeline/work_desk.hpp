// relay/pipeline/work_desk.hpp: what people do about a line of the worklist (worklist.hpp): say who sees to it, put it
// off, call it done; record another channel (domain.md §4); exclude a stay, with a reason (§5 MANUAL). Each act is an
// event with its actor, and the row that shows it, in one unit. Blocking: worker threads only; safe from several.
#pragma once

#include "relay/base/clock.hpp"
#include "relay/pipeline/ports/worklist.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
enum class desk_answer {
    done,
    unknown_item,  // nothing of this id asks for a person now, or ever did
    unknown_code,  // no such reason or channel
    bad_name,      // of the one who shall see to it: letters, digits and . _ @ - only, 64 at most
    bad_time,      // a snooze must end in the future, within a month; a channel was used in the past, within three
    not_needed     // it is so already, or what arrived needs no other channel
};

class work_desk {
public:
    work_desk(ports::store& store, const base::wall_clock& clock, stay_rules rules = {})
        : store_(store), clock_(clock), rules_(std::move(rules))
    {
    }

    [[nodiscard]] result<desk_answer> assign(std::string_view item, const std::string& to, const std::string& actor);
    [[nodiscard]] result<desk_answer> snooze(std::string_view item, instant until, const std::string& actor);
    [[nodiscard]] result<desk_answer> finish(std::string_view item, const std::string& reason,
                                             const std::string& actor);
    // Of a delivery; of a letter or a stay, of every delivery to the treating doctor that has not arrived.
    [[nodiscard]] result<desk_answer> other_channel(std::string_view id, const std::string& channel,
                                                    std::optional<instant> used, const std::string& actor);
    // An empty reason takes the exclusion back.
    [[nodiscard]] result<desk_answer> exclude(std::string_view stay, const std::string& reason,
                                              const std::string& actor);

private:
    [[nodiscard]] result<desk_answer> say(std::string_view item, event_kind kind, const said_facts& said,
                                          const std::string& actor);
    [[nodiscard]] result<desk_answer> in_one_unit(const std::function<desk_answer(ports::transaction&)>& work);

    ports::store& store_;
    const base::wall_clock& clock_;
    stay_rules rules_;
};
}
