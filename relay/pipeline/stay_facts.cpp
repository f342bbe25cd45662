#include "relay/pipeline/stay_facts.hpp"

#include <algorithm>
#include <set>

#include "relay/pipeline/delivery_fold.hpp"
#include "relay/pipeline/ports/store.hpp"
#include "relay/pipeline/stay_fold.hpp"

namespace relay::pipeline {
namespace {
constexpr std::string_view liaison_letter = "11490-0";
constexpr std::string_view stay_report = "34112-3";

bool is_address_cause(cause why)
{
    return why == cause::no_doctor || why == cause::doctor_unknown || why == cause::no_mailbox ||
           why == cause::ambiguous || why == cause::closed;
}

hour_band band_of(instant at, discharge_quality quality, const mime::zone& where)
{
    if (quality == discharge_quality::date_only) return hour_band::unknown;
    const auto hour = mime::local_timestamp(at, where).hour;
    return hour < 12   ? hour_band::morning
           : hour < 16 ? hour_band::midday
           : hour < 20 ? hour_band::afternoon
                       : hour_band::evening;
}

// An acceptance that counts, with the letter it was of.
struct acceptance {
    instant at{};
    bool confirmed = false;
    const letter_row* letter = nullptr;
    std::string domain;
    addressee_facts addressee;
};

class gatherer {
public:
    gatherer(ports::reader& store, stay_facts& into) : store_(store), into_(into) {}

    void take(const letter_row& letter, bool qualifying)
    {
        if (qualifying) take_qualifying(letter);
        for (const delivery_row& row : store_.deliveries_of_letter(letter.id)) {
            if (row.kind != delivery_kind::letter) continue;
            if (row.role != recipient_role::patient) tally(letter, row);
            if (qualifying && row.role == recipient_role::treating_doctor) take_doctors(letter, row);
        }
    }

    [[nodiscard]] const std::vector<acceptance>& acceptances() const { return acceptances_; }
    [[nodiscard]] const std::vector<instant>& other_channels() const { return other_channels_; }

private:
    void take_qualifying(const letter_row& letter)
    {
        if (!into_.has_letter) {
            into_.has_letter = true;
            into_.letter_type = letter.type_code;
            into_.crh_as_letter = letter.type_code == stay_report;
            into_.doctor_assumed = has_flag(letter.flags, flag_mt_assumed);
        }
    }

    void tally(const letter_row& letter, const delivery_row& row)
    {
        delivery_tally& all = into_.deliveries;
        if (is_accepted(row.state)) {
            ++all.accepted;
            if (row.state == delivery_state::displayed || row.state == delivery_state::processed) ++all.read;
            if (row.state == delivery_state::rejected_by_software) ++all.filing_refused;
            const std::string what = letter.document_key + " " + std::to_string(row.turn) + " " + row.recipient_key;
            if (!arrived_.insert(what).second) ++all.repeated;
        } else if (row.state == delivery_state::failed) {
            ++all.failed;
            ++all.failures[row.why];
        }
    }

    void take_doctors(const letter_row& letter, const delivery_row& row)
    {
        if (first_of_.empty()) {  // letters come in the order in which they were received
            first_of_ = letter.id;
            into_.recipient_operator = row.domain;
            into_.addressee = row.addressee;
            into_.no_address = is_address_cause(row.first_trouble) ? row.first_trouble : cause::none;
        } else if (letter.id == first_of_ && !is_address_cause(row.first_trouble)) {
            into_.no_address = cause::none;  // another mailbox of the same doctor was usable at once
        }
        if (row.accepted_at)
            acceptances_.push_back(
                {*row.accepted_at, row.confirmed_at.has_value(), &letter, row.domain, row.addressee});
        if (row.state != delivery_state::other_channel) return;
        for (const event& next : store_.events_of(row.id))
            if (next.kind == event_kind::other_channel) other_channels_.push_back(next.facts.said.at.value_or(next.at));
    }

    ports::reader& store_;
    stay_facts& into_;
    std::vector<acceptance> acceptances_;
    std::vector<instant> other_channels_;
    std::set<std::string> arrived_;
    letter_id first_of_;
};

void take_stop(stay_facts& facts, const std::vector<acceptance>& all)
{
    const auto is_stop = [&](const acceptance& one) { return one.at == facts.stop; };
    const auto found = std::find_if(all.begin(), all.end(), is_stop);
    facts.confirmed =
        std::any_of(all.begin(), all.end(), [&](const acceptance& one) { return is_stop(one) && one.confirmed; });
    facts.signed_at = found->letter->signed_at;
    facts.received_at = found->letter->received_at;
    facts.letter_type = found->letter->type_code;
    facts.crh_as_letter = facts.letter_type == stay_report;
    facts.recipient_operator = found->domain;
    facts.addressee = found->addressee;
}
}

std::string_view name(hour_band value) noexcept
{
    switch (value) {
        case hour_band::morning: return "0-12";
        case hour_band::midday: return "12-16";
        case hour_band::afternoon: return "16-20";
        case hour_band::evening: return "20-24";
        case hour_band::unknown: return "unknown";
    }
    return "unknown";
}

bool is_qualifying(const letter_row& letter, std::span<const letter_row> of_stay) noexcept
{
    if (letter.operation == letter_operation::remove) return false;  // a deletion brings no letter to anybody
    if (letter.type_code == liaison_letter) return true;
    if (letter.type_code != stay_report) return false;
    return std::none_of(of_stay.begin(), of_stay.end(), [](const letter_row& other) {
        return other.type_code == liaison_letter && other.operation != letter_operation::remove;
    });
}

bool bears_on_facts(const delivery_row& row) noexcept
{
    return row.kind == delivery_kind::letter && row.state != delivery_state::sending &&
           row.state != delivery_state::deferred && row.state != delivery_state::uncertain;
}

std::optional<stay_facts> facts_of(ports::reader& store, const stay_row& stay, const organisation& sites,
                                   const mime::zone& fallback)
{
    // An admission that was cancelled before any discharge counts, excluded, for the day it was for.
    const bool cancelled = stay.exclusion == exclusion_cancelled;
    if (!stay.discharge && !cancelled) return std::nullopt;
    const site_entry* site = sites.site_of(stay.service);
    const mime::zone& where = site == nullptr ? fallback : site->zone;
    stay_facts facts;
    facts.stay = stay.id;
    facts.discharge = stay.discharge ? *stay.discharge : stay.admission.value_or(stay.created_at);
    facts.quality = stay.quality;
    facts.day = cohort_of(mime::local_date(facts.discharge, where));
    facts.band = band_of(facts.discharge, facts.quality, where);
    facts.establishment = stay.establishment;
    facts.service = stay.service;
    if (site != nullptr) {
        facts.site = site->code;
        facts.group = site->group;
    }
    facts.patient_class = stay.patient_class;
    facts.exclusion = stay.exclusion;
    facts.handed_over = has_flag(stay.flags, flag_handed_over);
    facts.hand_over_told = facts.handed_over || (site != nullptr && site->tells_hand_over);

    const std::vector<letter_row> letters = store.letters_of_stay(stay.id);
    gatherer gather(store, facts);
    for (const letter_row& letter : letters) gather.take(letter, is_qualifying(letter, letters));
    std::vector<instant> accepted;
    for (const acceptance& one : gather.acceptances()) accepted.push_back(one.at);
    static_cast<stay_verdict&>(facts) = assess(facts, accepted, where);
    if (facts.stop) take_stop(facts, gather.acceptances());
    for (const instant at : gather.other_channels()) {
        facts.other_channel = true;
        if (assess(facts, std::span(&at, 1), where).h48_met) facts.other_channel_in_time = true;
    }
    return facts;
}

stay_standing standing_of(const stay_facts& facts, instant now)
{
    stay_standing found;
    found.j0_pending = !facts.stop && now < facts.j0_deadline;
    found.h48_pending = !facts.stop && is_within_48h(facts, facts.h48_deadline, now);
    // The stronger first (domain.md §4 "Stay").
    found.state = !facts.exclusion.empty() ? stay_state::excluded
                  : facts.j0_met           ? stay_state::met_j0
                  : facts.h48_met          ? stay_state::met_48h
                  : facts.stop             ? stay_state::late
                  : facts.other_channel    ? stay_state::closed_other_channel
                  : !found.h48_pending     ? stay_state::overdue
                  : facts.has_letter       ? stay_state::in_progress
                                           : stay_state::awaiting_letter;
    return found;
}
}
