#include <algorithm>
#include <string>

#include "mime/cda/check_rules.hpp"

namespace mime::cda::detail {
namespace {
using std::chrono::year_month_day;

constexpr const char* encounter_high = "componentOf/encompassingEncounter/effectiveTime/high";
constexpr const char* encounter_low = "componentOf/encompassingEncounter/effectiveTime/low";

bool has_day(const std::optional<timestamp>& at)
{
    return at && at->precision >= time_precision::day;
}

year_month_day day_of(const timestamp& at, const zone& where)
{
    return local_date(to_utc(at, where).at, where);
}

// A date without time is compared as a day; a later hour of the same day is then no contradiction.
bool is_after(const timestamp& a, const timestamp& b, const zone& where)
{
    const bool both_timed = a.precision >= time_precision::hour && b.precision >= time_precision::hour;
    if (both_timed) return to_utc(a, where).at > to_utc(b, where).at;
    return day_of(a, where) > day_of(b, where);
}

bool is_after_now(const timestamp& at, const check_context& context)
{
    if (!context.now) return false;
    if (at.precision < time_precision::hour) return day_of(at, context.where) > local_date(*context.now, context.where);
    return to_utc(at, context.where).at > *context.now + context.max_clock_skew;
}

time_span stay_of(const header& head)
{
    return head.encounter ? head.encounter->when : time_span{};
}

// The discharge as the document says it, else as the message does (cda.md §11).
std::optional<timestamp> discharge_of(const check_subject& what)
{
    if (const time_span stay = stay_of(what.head()); has_day(stay.high)) return stay.high;
    const service_event* event = what.head().main_event();
    if (event != nullptr && has_day(event->when.high)) return event->when.high;
    return has_day(what.context.discharge) ? what.context.discharge : std::nullopt;
}

void compare_with_event(const check_subject& what, const time_span& stay, check_report& out)
{
    if (what.head().service_events.empty()) return;
    const time_span& event = what.head().service_events.front().when;  // the principal act (cda.md §4.5)
    const auto differ = [&](const std::optional<timestamp>& a, const std::optional<timestamp>& b) {
        return has_day(a) && has_day(b) &&
               (is_after(*a, *b, what.context.where) || is_after(*b, *a, what.context.where));
    };
    constexpr const char* place = "documentationOf/serviceEvent/effectiveTime";
    if (differ(stay.low, event.low)) out.warn(std::string(place) + "/low", "date d'entrée autre que celle du séjour");
    if (differ(stay.high, event.high))
        out.warn(std::string(place) + "/high", "date de sortie autre que celle du séjour");
}
}

void check_discharge_day(const check_subject& what, check_report& out)
{
    if (!what.is_discharge_letter()) return out.not_applicable();
    const auto discharge = discharge_of(what);
    if (!has_day(what.head().effective_time)) return out.warn("effectiveTime", "date du document absente ou illisible");
    if (!discharge) return out.not_assessable();
    const zone& where = what.context.where;
    if (day_of(*what.head().effective_time, where) != day_of(*discharge, where)) {
        out.warn("effectiveTime", "la lettre n'est pas datée du jour de la sortie");
    }
}

void check_stay_dates(const check_subject& what, check_report& out)
{
    if (!what.is_discharge_letter()) return out.not_applicable();
    const time_span stay = stay_of(what.head());
    if (!has_day(stay.low)) out.warn(encounter_low, "date d'entrée absente ou illisible");
    if (!has_day(stay.high)) out.warn(encounter_high, "date de sortie absente ou illisible");
    if (has_day(stay.low) && has_day(stay.high) && is_after(*stay.low, *stay.high, what.context.where)) {
        out.warn(encounter_low, "l'entrée suit la sortie");
    }
    if (has_day(stay.high) && is_after_now(*stay.high, what.context)) {
        out.warn(encounter_high, "date de sortie dans le futur");
    }
    compare_with_event(what, stay, out);
}

void check_version(const check_subject& what, check_report& out)
{
    const header& head = what.head();
    const bool replaced_self = head.replaces && *head.replaces == head.id;
    if (!head.version || *head.version == 0) out.warn("versionNumber", "numéro de version absent ou nul");
    if (replaced_self) out.warn("relatedDocument", "le document dit se remplacer lui-même");
    if (head.version && (*head.version > 1) != head.replaces.has_value()) {
        out.warn("relatedDocument", "numéro de version et document remplacé ne concordent pas");
    }
}

void check_history(document_history history, check_report& out)
{
    switch (history) {
        case document_history::unknown: return out.not_assessable();
        case document_history::first_seen:
        case document_history::same_bytes: return;
        case document_history::other_bytes: return out.block("id", "identifiant déjà pris par un autre contenu");
        case document_history::other_patient: return out.block("setId", "lettre déjà connue pour un autre patient");
    }
}

void check_future(const check_subject& what, check_report& out)
{
    const auto& at = what.head().effective_time;
    if (!what.context.now || !at) return out.not_assessable();
    if (is_after_now(*at, what.context)) out.warn("effectiveTime", "document daté dans le futur");
}
}
