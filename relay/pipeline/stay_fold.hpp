// relay/pipeline/stay_fold.hpp: what is known of a stay, derived from its events (domain.md §3 rules 1 and 2, §5).
// Pure. What the ADT feed says is ordered by the instant at which the hospital recorded it (EVN-2), not by its arrival:
// late, repeated and shuffled messages give the same stay. Only messages recorded at the same instant count in the
// order of the ledger.
#pragma once

#include <span>
#include <vector>

#include "relay/pipeline/model.hpp"

namespace relay::pipeline {
inline constexpr std::string_view flag_adt = "adt";                        // said by an ADT message
inline constexpr std::string_view flag_mt_assumed = "mt_assumed";          // rule 5: the only professional named
inline constexpr std::string_view flag_ambiguous_time = "ambiguous_time";  // read in a DST hour without offset

inline constexpr std::string_view flag_handed_over = "handed_over";  // the patient has his copy (domain.md §2)

inline constexpr std::string_view exclusion_cancelled = "CANCELLED";
inline constexpr std::string_view exclusion_series = "SEANCE";
inline constexpr std::string_view exclusion_emergency = "ED_ONLY";

// PV1-2 codes, as data: what is a series of treatments, a visit to the emergency room, an admission (domain.md §5).
struct stay_rules {
    std::vector<std::string> series_classes = {"R"};
    std::vector<std::string> emergency_classes = {"E"};
    std::vector<std::string> admitted_classes = {"I"};
};

struct stay_view {
    std::optional<instant> admission;
    std::optional<instant> discharge;  // none: not discharged, or the discharge was cancelled
    discharge_quality quality = discharge_quality::exact;
    std::string flags;      // of the discharge
    std::string exclusion;  // code of domain.md §5, empty if none
    std::string patient_class;
    std::string service;  // the discharging one; before a discharge the last one
    std::string treating_rpps;
    std::string identity_key, traits_key;
    bool in_feed = false;
    friend bool operator==(const stay_view&, const stay_view&) = default;
};

// - Messages about one movement (ZBE-1): the later recorded is right; once cancelled only an insertion revives it. A
//   cancellation whose movement is not known, or has no id, cancels what was recorded before it.
// - The discharge is that of the newest movement that stands; an update of an older one never overrides it. A
//   movement of which only updates are known gives way to one that was inserted.
// - Letters set a provisional discharge while the feed says none: of those written after the last cancellation the best
//   source, then the first written.
// - Excluded: an admission that was cancelled and nothing inserted since (CANCELLED), what a person said, then by the
//   class of the last movement.
[[nodiscard]] stay_view fold_stay(std::span<const event> events, const stay_rules& rules = {});

[[nodiscard]] bool has_flag(std::string_view flags, std::string_view flag) noexcept;
void add_flag(std::string& flags, std::string_view flag);
void remove_flag(std::string& flags, std::string_view flag);
}
