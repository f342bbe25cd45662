#include "mime/hl7/patient.hpp"

#include "mime/text/check_digits.hpp"

#include <algorithm>
#include <array>

namespace mime::hl7 {
namespace {
constexpr std::array<std::string_view, 2> ins_oids = {"1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"};
constexpr std::array<std::string_view, 2> test_ins_oids = {"1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"};

patient_text text_of(const component& from)
{
    return patient_text(from.text());
}

patient_name read_name(const repetition& xpn)
{
    // FN.1 is the whole family name; HL7's parts of it (FN.2 …) are not used in France.
    return {text_of(xpn.component(1).sub(1)), text_of(xpn.component(2)), text_of(xpn.component(3))};
}

void read_names(checker& check, const segment& pid, patient& into)
{
    bool birth = false;
    for (const auto& name : pid.field(5).repetitions()) {
        const std::string type = name.component(7).text();
        if (type == "L" && !birth) {
            into.birth_name = read_name(name);
            birth = true;
        } else if (type == "D" && !into.used_name) {
            into.used_name = read_name(name);
        }
    }
    if (into.birth_name.family.empty()) {
        check.fail(condition::required_field_missing, pid.location(5), "Nom de naissance (type L) absent");
    }
}

void check_ins(checker& check, const segment& pid, std::size_t repetition, const patient_identifier& ins,
               const profile& profile, std::string_view processing_id)
{
    if (!is_ins_matricule(ins.value.reveal())) {
        check.wrong_key(profile, pid.location(3, 1, repetition), "INS dont la clé ou la longueur est fausse");
    }
    if (processing_id == "P" && is_test_ins_oid(ins.authority_id) &&
        profile.test_identities_in_production == tolerance::refused) {
        check.fail(condition::table_value_not_found, pid.location(3, 4, repetition),
                   "INS de test dans un message de production");
    }
}

void read_identifiers(checker& check, const segment& pid, const profile& profile, std::string_view processing_id,
                      patient& into)
{
    std::size_t repetition = 0;
    for (const auto& cx : pid.field(3).repetitions()) {
        ++repetition;
        patient_identifier id = read_identifier(cx);
        if (id.value.empty()) continue;
        if (is_ins_oid(id.authority_id)) {
            check_ins(check, pid, repetition, id, profile, processing_id);
            if (!into.ins) into.ins = id;
        }
        if (!into.local && id.type == "PI") into.local = id;
        if (id.type == "INS" && !is_ins_oid(id.authority_id)) {
            check.warn(pid.location(3), "Identifiant de type INS sans OID d'INS : traité comme un identifiant local");
        }
        into.identifiers.push_back(std::move(id));
    }
    if (into.identifiers.empty()) {
        check.fail(condition::required_field_missing, pid.location(3), "Aucun identifiant de patient");
    }
}

patient_text read_birthplace(const segment& pid)
{
    for (const auto& address : pid.field(11).repetitions()) {
        if (address.component(7).text() == "BDL") return text_of(address.component(9));
    }
    return {};
}

void read_birth_and_sex(checker& check, const segment& pid, patient& into)
{
    into.birth_date = text_of(pid.field(7).component(1));
    if (!into.birth_date.empty() && !read_timestamp(into.birth_date.reveal())) {
        check.fail(condition::data_type, pid.location(7), "Date de naissance illisible");
    }
    into.sex = text_of(pid.field(8).component(1));
    constexpr std::string_view sexes = "MFUOAN";
    const std::string& sex = into.sex.reveal();
    if (!sex.empty() && (sex.size() != 1 || sexes.find(sex[0]) == std::string_view::npos)) {
        check.fail(condition::table_value_not_found, pid.location(8), "Code de sexe non admis");
    }
}

std::optional<patient_identifier> optional_identifier(const field& from)
{
    patient_identifier id = read_identifier(from.first());
    if (id.value.empty()) return std::nullopt;
    return id;
}
}

bool is_ins_oid(std::string_view oid) noexcept
{
    return std::find(ins_oids.begin(), ins_oids.end(), oid) != ins_oids.end() || is_test_ins_oid(oid);
}

bool is_test_ins_oid(std::string_view oid) noexcept
{
    return std::find(test_ins_oids.begin(), test_ins_oids.end(), oid) != test_ins_oids.end();
}

patient_identifier read_identifier(const repetition& cx)
{
    const component authority = cx.component(4);
    return {text_of(cx.component(1)), authority.sub(1).text(), authority.sub(2).text(), authority.sub(3).text(),
            cx.component(5).text()};
}

patient read_patient(checker& check, const segment& pid, const profile& profile, std::string_view processing_id)
{
    patient value;
    read_identifiers(check, pid, profile, processing_id, value);
    read_names(check, pid, value);
    read_birth_and_sex(check, pid, value);
    value.birthplace = read_birthplace(pid);
    value.file_number = optional_identifier(pid.field(18));
    value.reliability = pid.field(32).component(1).text();
    value.identity_unknown = pid.field(31).component(1).text() == "Y";
    return value;
}

visit read_visit(checker& check, const segment& pv1)
{
    visit value;
    value.patient_class = check.one_of(pv1, 2, {"E", "I", "O", "R", "N"});
    value.number = optional_identifier(pv1.field(19));
    if (!value.number && value.patient_class != "N") {
        check.fail(condition::required_field_missing, pv1.location(19), "Numéro de venue absent");
    }
    value.service = pv1.field(3).component(1).text();
    value.service_name = pv1.field(3).component(9).text();
    const repetition referrer = pv1.field(8).first();
    value.has_referrer = !referrer.component(1).empty() || !referrer.component(2).empty();
    value.admission = check.time(pv1, 44);
    value.discharge = check.time(pv1, 45);
    return value;
}
}
