#include <algorithm>
#include <string>
#include <string_view>

#include "mime/cda/check_rules.hpp"
#include "mime/cda/folded.hpp"
#include "mime/cda/identifiers.hpp"

namespace mime::cda::detail {
namespace {
constexpr const char* id_field = "recordTarget/patientRole/id";
constexpr const char* family_field = "recordTarget/patientRole/patient/name/family";
constexpr const char* given_field = "recordTarget/patientRole/patient/name/given";
constexpr const char* birth_field = "recordTarget/patientRole/patient/birthTime";
constexpr const char* sex_field = "recordTarget/patientRole/patient/administrativeGenderCode";
constexpr const char* birthplace_field = "recordTarget/patientRole/patient/birthplace/place/addr/county";

std::optional<std::chrono::year_month_day> day_of(const patient_text& text)
{
    const auto read = read_timestamp(text.reveal());
    if (!read || read->precision < time_precision::day) return std::nullopt;
    return std::chrono::year_month_day{std::chrono::year{read->year}, std::chrono::month{read->month},
                                       std::chrono::day{read->day}};
}

void check_birth_date(const patient& who, const check_context& context, check_report& out)
{
    if (who.birth_date.empty()) return out.block(birth_field, "date de naissance absente");
    const auto day = day_of(who.birth_date);
    if (!day) return out.block(birth_field, "date de naissance illisible");
    if (context.now && *day > local_date(*context.now, context.where)) {
        out.block(birth_field, "date de naissance dans le futur");
    }
}

void check_sex(const patient& who, check_report& out)
{
    const std::string& sex = who.gender.reveal();
    if (sex.empty()) {
        out.block(sex_field, "sexe absent");
    } else if (sex != "F" && sex != "M" && sex != "UN") {
        out.warn(sex_field, "code de sexe hors de la liste F, M, UN");
    }
}

// Old documents mark no birth name: any name they give is then compared with any the message gives.
bool same_family(const patient& who, const message_identity& said)
{
    if (said.birth_family.empty() && said.used_family.empty()) return true;
    const auto is_said = [&](const patient_text& name) {
        return !name.empty() && (same_name(name.reveal(), said.birth_family.reveal()) ||
                                 same_name(name.reveal(), said.used_family.reveal()));
    };
    if (!who.birth_family.empty() && !said.birth_family.empty()) {
        return same_name(who.birth_family.reveal(), said.birth_family.reveal());
    }
    return is_said(who.birth_family) || is_said(who.used_family) || is_said(who.family);
}

bool same_given(const patient& who, const message_identity& said)
{
    const std::string& ours = who.given_to_show().reveal();
    const std::string& theirs = said.birth_given.reveal();
    return ours.empty() || theirs.empty() || starts_alike(ours, theirs);
}

bool same_birth(const patient& who, const message_identity& said)
{
    const auto ours = day_of(who.birth_date);
    const auto theirs = day_of(said.birth_date);
    return !ours || !theirs || *ours == *theirs;
}

bool same_sex(const patient& who, const message_identity& said)
{
    const auto definite = [](const std::string& sex) { return sex == "F" || sex == "M"; };
    const std::string& ours = who.gender.reveal();
    const std::string& theirs = said.sex.reveal();
    return !definite(ours) || !definite(theirs) || ours == theirs;
}

void compare(const patient& who, const message_identity& said, check_report& out)
{
    const bool named = !who.family_to_show().empty();
    if (named && !same_family(who, said)) out.block(family_field, "nom autre que celui du message (PID-5)");
    if (!same_given(who, said)) out.block(given_field, "prénom autre que celui du message (PID-5)");
    if (!same_birth(who, said)) out.block(birth_field, "date de naissance autre que celle du message (PID-7)");
    if (!same_sex(who, said)) out.block(sex_field, "sexe autre que celui du message (PID-8)");
}

// The number holds sex, year and month of birth: a difference is worth a look and proves nothing.
void note_coherence(const patient& who, std::string_view matricule, check_report& out)
{
    const auto differs = [](std::string_view a, std::string_view b) {
        return all_digits(a) && all_digits(b) && a != b;
    };
    const std::string_view born = who.birth_date.reveal();
    if (born.size() >= 4 && differs(matricule.substr(1, 2), born.substr(2, 2))) {
        out.note(birth_field, "année de naissance autre que celle du matricule");
    }
    const bool real_month = matricule.substr(3, 2) >= "01" && matricule.substr(3, 2) <= "12";
    if (born.size() >= 6 && real_month && differs(matricule.substr(3, 2), born.substr(4, 2))) {
        out.note(birth_field, "mois de naissance autre que celui du matricule");
    }
    const std::string& sex = who.gender.reveal();
    if ((sex == "F" && matricule.front() == '1') || (sex == "M" && matricule.front() == '2')) {
        out.note(sex_field, "sexe autre que celui du matricule");
    }
}

void check_five_traits(const patient& who, check_report& out)
{
    if (who.birth_family.empty()) out.warn(family_field, "trait d'identité absent : nom de naissance");
    if (who.birth_given.empty()) out.warn(given_field, "trait d'identité absent : premier prénom de naissance");
    if (!day_of(who.birth_date)) out.warn(birth_field, "trait d'identité absent : date de naissance");
    if (who.gender.empty()) out.warn(sex_field, "trait d'identité absent : sexe");
    if (!is_cog(who.birthplace_cog.reveal())) {
        out.warn(birthplace_field, "code du lieu de naissance absent, ou autre que 5 caractères");
    }
}

void check_status(const patient_id& ins, const check_context& context, check_report& out)
{
    if (!context.identity) return out.warn("PID-32", "statut de l'identité non communiqué");
    if (context.identity->reliability != "VALI") out.warn("PID-32", "identité non validée (VALI attendu)");
    const auto& said = context.identity->ins;
    if (!said) return out.warn("PID-3", "INS absente du message");
    if (said->root != ins.root || said->extension != ins.extension) {
        out.warn("PID-3", "INS du message autre que celle du document");
    }
}
}

// With an INS the birth name is required; without, any name the document gives is accepted (cda.md §4.3).
void check_traits(const check_subject& what, check_report& out)
{
    const patient& who = what.head().patient;
    const bool usable_id = std::any_of(who.ids.begin(), who.ids.end(),
                                       [](const patient_id& id) { return !id.root.empty() && !id.extension.empty(); });
    if (!usable_id) out.block(id_field, "aucun identifiant de patient");
    const bool has_ins = who.ins() != nullptr;
    if (has_ins ? who.birth_family.empty() : who.family_to_show().empty()) {
        out.block(family_field, "nom de naissance absent");
    }
    if (has_ins ? who.birth_given.empty() : who.given_to_show().empty()) {
        out.block(given_field, "premier prénom absent");
    }
    check_birth_date(who, what.context, out);
    check_sex(who, out);
    if (what.context.identity) compare(who, *what.context.identity, out);
}

void check_ins(const check_subject& what, check_report& out)
{
    const patient& who = what.head().patient;
    const patient_id* ins = who.ins();
    if (ins == nullptr) return out.warn(id_field, "INS absente");
    const bool production = what.context.environment == site_environment::production;
    if (production && !is_ins_production_root(ins->root)) out.warn(id_field, "INS de test ou de démonstration");
    if (is_ins_matricule(ins->extension.reveal())) {
        note_coherence(who, ins->extension.reveal(), out);
    } else {
        out.warn(id_field, "matricule INS sans ses 15 caractères ou de clé fausse");
    }
    check_five_traits(who, out);
    check_status(*ins, what.context, out);
}

void check_test_identity(const check_subject& what, check_report& out)
{
    if (what.context.environment != site_environment::production) return;
    for (const patient_id& id : what.head().patient.ids) {
        if (!is_ins_root(id.root) || is_ins_production_root(id.root)) continue;
        return out.block(id_field, "INS de test ou de démonstration en production");
    }
}
}
