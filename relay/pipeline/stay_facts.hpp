// relay/pipeline/stay_facts.hpp: what the indicators of domain.md §5 need of one stay, in one flat value: everything
// but the time at which they are read. Derived from the stay, its letters and their deliveries; kept as a row in the
// same transaction as the event that changed it, and equal to what facts_of() gives at any time. No identity.
// facts_of() reads the store (worker threads, inside a unit or a read); the rest is pure.
#pragma once

#include <map>

#include "relay/pipeline/clock_rules.hpp"
#include "relay/pipeline/organisation.hpp"

namespace relay::pipeline {
namespace ports {
class reader;
}

// Of a discharge in its site's zone (domain.md §5 "Breakdowns").
enum class hour_band { morning, midday, afternoon, evening, unknown };  // 0–12, 12–16, 16–20, 20–24; date only
[[nodiscard]] std::string_view name(hour_band value) noexcept;          // "0-12", ...

// Deliveries of all letters of the stay, but those to patients.
struct delivery_tally {
    std::int32_t accepted = 0;        // and not revoked; each asked for a receipt
    std::int32_t failed = 0;          // an acceptance that was revoked is a failure
    std::int32_t read = 0;            // displayed or processed
    std::int32_t filing_refused = 0;  // rejected by the recipient's software
    std::int32_t repeated = 0;        // accepted, though the same document and version was in that mailbox
    std::map<cause, std::int32_t> failures;
    friend bool operator==(const delivery_tally&, const delivery_tally&) = default;
};

// A cohort: local days since 1970-01-01.
[[nodiscard]] constexpr std::int32_t cohort_of(std::chrono::sys_days local) noexcept
{
    return static_cast<std::int32_t>(local.time_since_epoch().count());
}

struct stay_facts : stay_clock, stay_verdict {
    stay_id stay;
    std::int32_t day = 0;  // cohort_of the local discharge date
    hour_band band = hour_band::unknown;
    std::string establishment, service, site, group;  // site and group empty where the settings name none
    std::string patient_class;
    std::string exclusion;  // code of domain.md §5; empty: eligible

    bool has_letter = false;  // a qualifying one was submitted
    bool crh_as_letter = false;
    bool doctor_assumed = false;     // domain.md §3 rule 5
    std::string letter_type;         // of the letter of the stop, else of the first that qualifies
    std::string recipient_operator;  // domain of the treating doctor's mailbox
    addressee_facts addressee;       // whose mailbox that is, by the directory
    cause no_address = cause::none;  // why there was no usable mailbox at the first attempt

    bool confirmed = false;                         // the stop is
    std::optional<instant> signed_at, received_at;  // of the letter of the stop
    bool other_channel = false;                     // a person recorded one
    bool other_channel_in_time = false;             // within 48 h
    bool handed_over = false;                       // the letter was handed to the patient
    bool hand_over_told = false;                    // its site tells so
    delivery_tally deliveries;
    friend bool operator==(const stay_facts&, const stay_facts&) = default;
};

// nullopt: the stay counts for no day (not discharged). `fallback`: zone of services in no site.
[[nodiscard]] std::optional<stay_facts> facts_of(ports::reader& store, const stay_row& stay, const organisation& sites,
                                                 const mime::zone& fallback);

// What depends on when one looks.
struct stay_standing {
    stay_state state = stay_state::awaiting_letter;
    bool j0_pending = false;
    bool h48_pending = false;
};
[[nodiscard]] stay_standing standing_of(const stay_facts& facts, instant now);

// A change of this row may change the facts of its stay: not while it is only on its way.
[[nodiscard]] bool bears_on_facts(const delivery_row& row) noexcept;

// LL, or a CRH when the stay has no LL (domain.md §2).
[[nodiscard]] bool is_qualifying(const letter_row& letter, std::span<const letter_row> of_stay) noexcept;
}
