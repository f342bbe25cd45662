#include "relay/store/fact_rows.hpp"

#include <sstream>

#include "relay/store/rows.hpp"

namespace relay::store {
using namespace pipeline;
namespace {
// Bits of stay_fact.flags.
struct fact_flag {
    std::int64_t bit;
    bool stay_facts::*member;
};
constexpr fact_flag fact_flags[] = {
    {1, &stay_facts::has_letter},     {2, &stay_facts::crh_as_letter},
    {4, &stay_facts::doctor_assumed}, {8, &stay_facts::j0_met},
    {16, &stay_facts::h48_met},       {32, &stay_facts::confirmed},
    {64, &stay_facts::other_channel}, {128, &stay_facts::other_channel_in_time},
    {256, &stay_facts::handed_over},  {512, &stay_facts::hand_over_told},
};

// "MAILBOX_FULL 2 NO_MAILBOX 1"
std::string failures_text(const delivery_tally& tally)
{
    std::string text;
    for (const auto& [why, n] : tally.failures)
        text += (text.empty() ? "" : " ") + std::string(name(why)) + " " + std::to_string(n);
    return text;
}

void take_failures(delivery_tally& tally, const std::string& text)
{
    std::istringstream words(text);
    std::string why;
    std::int32_t n = 0;
    while (words >> why >> n) {
        const auto known = from_name<cause>(why);
        if (!known) throw boost::system::system_error(make_error_code(store_errc::newer_schema));
        tally.failures[*known] = n;
    }
}
}

std::int64_t fact_flags_of(const stay_facts& facts)
{
    std::int64_t flags = 0;
    for (const fact_flag& one : fact_flags)
        if (facts.*one.member) flags |= one.bit;
    return flags;
}

void take_fact_flags(stay_facts& facts, std::int64_t flags)
{
    for (const fact_flag& one : fact_flags) facts.*one.member = (flags & one.bit) != 0;
}

stay_facts read_facts(const cursor& row)
{
    stay_facts facts;
    facts.stay = row.id<stay_id>(0);
    facts.day = static_cast<std::int32_t>(row.integer(1));
    facts.band = static_cast<hour_band>(row.integer(2));
    facts.establishment = row.text(3);
    facts.service = row.text(4);
    facts.site = row.text(5);
    facts.group = row.text(6);
    facts.patient_class = row.text(7);
    facts.exclusion = row.text(8);
    facts.discharge = row.when(9);
    facts.quality = word<discharge_quality>(row, 10);
    facts.j0_deadline = row.when(11);
    facts.h48_deadline = row.when(12);
    take_fact_flags(facts, row.integer(13));
    facts.letter_type = row.text(14);
    facts.recipient_operator = row.text(15);
    if (!row.null(16)) facts.no_address = word<cause>(row, 16);
    facts.stop = row.maybe_when(17);
    facts.signed_at = row.maybe_when(18);
    facts.received_at = row.maybe_when(19);
    facts.deliveries.accepted = static_cast<std::int32_t>(row.integer(20));
    facts.deliveries.failed = static_cast<std::int32_t>(row.integer(21));
    facts.deliveries.read = static_cast<std::int32_t>(row.integer(22));
    facts.deliveries.filing_refused = static_cast<std::int32_t>(row.integer(23));
    facts.deliveries.repeated = static_cast<std::int32_t>(row.integer(24));
    if (facts.deliveries.failed > 0) take_failures(facts.deliveries, row.text(25));
    facts.addressee = {row.text(26), row.text(27), row.text(28), row.text(29)};
    return facts;
}

written_facts write_facts(connection& database, const stay_facts& facts)
{
    const delivery_tally& tally = facts.deliveries;
    const std::string failures = failures_text(tally);
    const std::optional<std::string_view> no_address =
        facts.no_address == cause::none ? std::nullopt : std::optional(name(facts.no_address));
    const auto write = [&](const char* sql) {
        return database.run(sql, facts.stay, facts.day, static_cast<int>(facts.band), facts.establishment,
                            facts.service, facts.site, facts.group, facts.patient_class, facts.exclusion,
                            facts.discharge, name(facts.quality), facts.j0_deadline, facts.h48_deadline,
                            fact_flags_of(facts), facts.letter_type, facts.recipient_operator, no_address, facts.stop,
                            facts.signed_at, facts.received_at, tally.accepted, tally.failed, tally.read,
                            tally.filing_refused, tally.repeated, failures, facts.addressee.structure,
                            facts.addressee.kind, facts.addressee.profession, facts.addressee.department);
    };
    // Most changes keep the day and the service: the key and the indexes over them are not written again.
    const int changed = write(
        "UPDATE stay_fact SET band = ?3, establishment = ?4, site = ?6, grp = ?7, patient_class = ?8, exclusion = ?9,"
        " discharge = ?10, quality = ?11, j0_deadline = ?12, h48_deadline = ?13, flags = ?14, letter_type = ?15,"
        " recipient_operator = ?16, no_address = ?17, stop = ?18, signed_at = ?19, received_at = ?20, accepted = ?21,"
        " failed = ?22, read = ?23, filing_refused = ?24, repeated = ?25, failures = ?26, structure = ?27,"
        " structure_kind = ?28, profession = ?29, department = ?30 WHERE stay = ?1 AND day = ?2 AND service = ?5");
    if (changed > 0) return written_facts::on_their_day;
    write("INSERT OR REPLACE INTO stay_fact (" LIAISON_FACTS_COLUMNS
          ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    return written_facts::anew;
}
}
