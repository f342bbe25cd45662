#include "relay/pipeline/stay_fold.hpp"

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

stay_view fold_stay(std::span<const event> events)
{
    stay_view view;
    bool said_by_adt = false;
    for (const event& next : events) {
        switch (next.kind) {
            case event_kind::stay_discharged: {
                const bool adt = has_flag(next.facts.flags, flag_adt);
                if (said_by_adt && !adt) break;
                // Among letters the better source wins, and of equals the first stays.
                if (!adt && view.discharge && view.quality <= next.facts.quality) break;
                said_by_adt = adt;
                view.discharge = next.facts.discharge;
                view.quality = next.facts.quality;
                view.flags = next.facts.flags;
                break;
            }
            case event_kind::stay_discharge_cancelled:
                view.discharge.reset();
                said_by_adt = false;
                break;
            case event_kind::stay_excluded: view.exclusion = next.facts.evidence; break;
            default: break;
        }
    }
    return view;
}
}
