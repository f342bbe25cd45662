#include "relay/pipeline/patient_keys.hpp"

#include "mime/text/ascii.hpp"
#include "mime/text/charset.hpp"

namespace relay::pipeline {
namespace {
constexpr std::size_t ins_characters = 13;  // then two check digits (mssante.md §9.3)
constexpr std::size_t date_digits = 8;

template <class Keep>
std::string only(std::string_view text, Keep keep)
{
    std::string kept;
    for (const char c : text)
        if (keep(c)) kept += c;
    return kept;
}

std::string letters_of(const mime::patient_text& name)
{
    return only(mime::upper(mime::ascii_fold(name.reveal())), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string ins_of(const mime::patient_text& matricule)
{
    std::string kept = only(mime::upper(matricule.reveal()), mime::is_alnum);
    return kept.size() < ins_characters ? std::string() : kept.substr(0, ins_characters);
}

// M and F are said alike everywhere; the rest is unknown, undetermined or other, each with several codes.
std::string sex_of(const mime::patient_text& code)
{
    const std::string said = mime::upper(code.reveal());
    return said.empty() || said == "M" || said == "F" ? said : "U";
}

std::string traits_of(const identity_fact& who)
{
    const std::string family = letters_of(who.family);
    const std::string given = letters_of(who.given);
    const std::string born = only(who.birth_date.reveal(), mime::is_digit).substr(0, date_digits);
    const std::string sex = sex_of(who.sex);
    if (family.empty() || given.empty() || born.size() < date_digits || sex.empty()) return {};
    return family + '|' + given + '|' + born + '|' + sex;
}
}

patient_keys keys_of(const ports::vault& vault, const identity_fact& who)
{
    patient_keys keys;
    if (const std::string ins = ins_of(who.ins); !ins.empty()) keys.identity = vault.match_key("ins", ins);
    if (const std::string traits = traits_of(who); !traits.empty()) keys.traits = vault.match_key("traits", traits);
    return keys;
}

std::string number_key(const ports::vault& vault, std::string_view kind, std::string_view establishment,
                       const std::string& number)
{
    return number.empty() ? std::string() : vault.match_key(kind, std::string(establishment) + "|" + number);
}

letter_clues clues_of(const ports::vault& vault, std::string_view establishment, const stay_fact& fact, instant now)
{
    patient_keys who = keys_of(vault, fact.identity);
    letter_clues clues;
    clues.visit_key = number_key(vault, "visit", establishment, fact.visit_number);
    clues.file_key = number_key(vault, "file", establishment, fact.file_number);
    clues.identity_key = std::move(who.identity);
    clues.traits_key = std::move(who.traits);
    clues.starts = fact.admission;
    if (fact.discharge) {
        clues.ends = fact.discharge->at;
        clues.ends_quality = fact.discharge->quality;
        clues.ends_flags = fact.discharge->flags;
    }
    clues.written = fact.written.value_or(now);
    return clues;
}

bool same_person(const letter_clues& letter, const stay_row& stay) noexcept
{
    if (!letter.identity_key.empty() && !stay.identity_key.empty()) return letter.identity_key == stay.identity_key;
    return !letter.traits_key.empty() && letter.traits_key == stay.traits_key;
}
}
