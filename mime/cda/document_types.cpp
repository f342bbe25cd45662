#include "mime/cda/document_types.hpp"

#include <algorithm>
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

// JDV_J07_XdsTypeCode of 2024-09-27: the codes by their system.
constexpr std::string_view loinc_types[] = {
    "101881-1", "11369-6", "11488-4", "11490-0", "11502-2", "11505-5", "11506-3", "15507-7", "15508-5", "18748-4",
    "18761-7",  "18776-5", "28617-9", "28653-4", "29274-8", "34112-3", "34120-6", "34133-9", "34749-2", "34794-8",
    "34842-5",  "34874-8", "34875-5", "47420-5", "51851-4", "51969-4", "52040-3", "55115-0", "56445-0", "56446-8",
    "57055-6",  "57057-2", "57075-4", "57828-6", "57832-8", "57833-6", "59283-2", "59284-0", "60280-5", "60568-3",
    "60591-5",  "60593-1", "61357-0", "67851-6", "68599-0", "68817-6", "70004-7", "74207-2", "74465-6", "75468-9",
    "75482-0",  "75492-9", "75496-0", "77436-4", "77604-7", "78341-5", "78489-2", "78513-9", "78601-2", "80565-5",
    "80771-9",  "80788-3", "80820-4", "83836-7", "83869-8", "83901-9", "83981-1", "85208-7", "86531-1", "87273-9",
    "88348-8",  "89233-1", "89235-6", "89601-9", "93024-8", "96173-0", "96349-6", "96874-3",
};

constexpr std::string_view a05_types[] = {
    "ATTEST-ASS-COMPL", "ATTEST-DROITS-AM", "ATTEST-HEBGT",   "ATTEST-RESID", "AUTORIS-SOINS",
    "BIL_AUTO",         "CERT_DECL",        "DISP_AUT",       "DOCPAT01",     "DOCPAT02",
    "DOCPAT03",         "DOCPAT04",         "DOCPAT05",       "DOCPAT06",     "DOCPAT07",
    "DOCPAT08",         "DOCPAT09",         "EXPORT_DUI",     "EXPPAT_1",     "EXPPAT_2",
    "EXPPAT_3",         "FEUILLE-DE-STYLE", "FICHE-CONTACTS", "IMG-KOS",      "PIECE-IDENTITE",
    "PRESC-AAT",        "PRESC-BIO",        "PRESC-INF",      "PRESC-KINE",   "PRESC-ORTHOPHO",
    "PRESC-ORTHOPTIE",  "PRESC-PEDI",       "PROT_ALD",       "REMB",         "SYNTH",
};

constexpr std::string_view astm_e1762 = "E1762";  // signature; its system is written "ASTM"

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

bool is_listed_type(const coded& type)
{
    const auto in = [&](std::span<const std::string_view> codes) {
        return std::binary_search(codes.begin(), codes.end(), std::string_view(type.code));
    };
    if (type.system == oid::loinc) return in(loinc_types);
    if (type.system == oid::document_type_a05) return in(a05_types);
    return type.system == "ASTM" && type.code == astm_e1762;
}
}
