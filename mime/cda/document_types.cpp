#include "mime/cda/document_types.hpp"

#include <span>
#include <string>

#include "mime/cda/identifiers.hpp"

namespace mime::cda {
namespace {
struct row {
    std::string_view key;
    std::string_view code;
    std::string_view system;
    std::string_view label;
};

constexpr std::string_view encounter_a = "1.2.250.1.213.1.1.4.2.291";

constexpr row document_types[] = {
    {"11490-0", "11490-0", oid::loinc, "Lettre de liaison à la sortie d'un établissement de soins"},
    {"34112-3", "34112-3", oid::loinc, "CR hospitalier (séjour)"},
    {"15507-7", "15507-7", oid::loinc, "CR de passage aux urgences"},
    {"34133-9", "34133-9", oid::loinc, "Synthèse d'épisode de soins"},
    {"34874-8", "34874-8", oid::loinc, "CR opératoire"},
    {"60280-5", "60280-5", oid::loinc, "Fiche de retour du service des urgences"},
    {"67851-6", "67851-6", oid::loinc, "CR d'admission"},
    {"11488-4", "11488-4", oid::loinc, "CR ou fiche de consultation ou de visite"},
};

constexpr row encounter_types[] = {
    {"I", "IMP", oid::act_code, "Hospitalisation (établissement, y compris HAD)"},
    {"E", "EMER", oid::act_code, "Passage aux urgences (établissement)"},
    {"O", "EXTERNE", encounter_a, "Acte et consultation externe (établissement)"},
    {"R", "SEANCE", encounter_a, "Séance (établissement ou libéral)"},
    {"N", "IMP", oid::act_code, "Hospitalisation (établissement, y compris HAD)"},
};

constexpr row facility_types[] = {
    {"SA01", "SA01", oid::facility_type, "Etablissement public de santé"},
    {"SA02", "SA02", oid::facility_type, "Hôpital militaire du Service de santé des armées"},
    {"SA03", "SA03", oid::facility_type, "Etablissement privé PSPH"},
    {"SA04", "SA04", oid::facility_type, "Etablissement privé non PSPH"},
    {"SA05", "SA05", oid::facility_type, "Centre de santé"},
    {"SA07", "SA07", oid::facility_type, "Cabinet individuel"},
    {"SA08", "SA08", oid::facility_type, "Cabinet de groupe"},
};

std::optional<coded> find(std::span<const row> rows, std::string_view key)
{
    for (const row& one : rows) {
        if (one.key == key) return coded{std::string(one.code), std::string(one.system), std::string(one.label)};
    }
    return std::nullopt;
}
}

std::optional<coded> document_type(std::string_view code)
{
    return find(document_types, code);
}

std::optional<coded> encounter_type(std::string_view pv1_2)
{
    return find(encounter_types, pv1_2);
}

std::optional<coded> facility_type(std::string_view code)
{
    return find(facility_types, code);
}
}
