#include "mime/xdm/code_tables.hpp"

namespace mime::xdm {
namespace {
constexpr const char* class_system = "1.2.250.1.213.1.1.4.1";
constexpr const char* format_a06 = "1.2.250.1.213.1.1.4.2.282";
constexpr const char* format_ihe = "1.3.6.1.4.1.19376.1.2.3";
constexpr const char* content_system = "1.2.250.1.213.2.2";
constexpr const char* confidentiality_system = "2.16.840.1.113883.5.25";
constexpr const char* flag_system = "1.2.250.1.213.1.1.4.13";

code_tables make_defaults()
{
    code_tables t;
    t.default_class = {"10", class_system, "Compte rendu"};
    t.class_by_type["34133-9"] = {"11", class_system, "Synthèse"};
    t.format_by_template["1.2.250.1.213.1.1.1.29"] = {"urn:asip:ci-sis:ldl-ses:2017", format_a06,
                                                      "Lettre de liaison à la sortie"};
    t.format_by_template["1.2.250.1.213.1.1.1.21"] = {"urn:asip:ci-sis:ldl-ees:2017", format_a06,
                                                      "Lettre de liaison à l'entrée"};
    t.format_by_media_type["application/pdf"] = {"urn:ihe:iti:xds-sd:pdf:2008", format_ihe,
                                                 "Document à corps non structuré en PDF/A-1"};
    t.format_by_media_type["text/plain"] = {"urn:ihe:iti:xds-sd:text:2008", format_ihe,
                                            "Document à corps non structuré en texte brut"};
    t.format_by_media_type["text/rtf"] = {"urn:ihe:iti-fr:xds-sd:rtf:2010", format_a06,
                                          "Document à corps non structuré en RTF"};
    t.format_by_media_type["application/rtf"] = t.format_by_media_type["text/rtf"];
    t.format_by_media_type["image/jpeg"] = {"urn:ihe:iti-fr:xds-sd:jpeg:2010", format_a06,
                                            "Document à corps non structuré en JPEG"};
    t.format_by_media_type["image/tiff"] = {"urn:ihe:iti-fr:xds-sd:tiff:2010", format_a06,
                                            "Document à corps non structuré en TIFF"};
    t.default_format = {"urn:asipSante:modelesHorsProfils:2011", format_a06, "Modèle hors profils"};
    t.content_type_by_class["I"] = {"03", content_system, "Hospitalisation"};
    t.content_type_by_class["O"] = {"07", content_system, "Consultation externe ou urgences"};
    t.content_type_by_class["E"] = t.content_type_by_class["O"];
    t.content_type_by_class["R"] = {"19", content_system, "Séances"};
    t.content_type_by_class["N"] = {"97", content_system, "Sans venue"};
    t.confidentiality["N"] = {"N", confidentiality_system, "Normal"};
    t.confidentiality["R"] = {"R", confidentiality_system, "Restreint"};
    t.confidentiality["V"] = {"V", confidentiality_system, "Très restreint"};
    t.confidentiality["MASQUE_PS"] = {"MASQUE_PS", flag_system, "Masqué aux professionnels de santé"};
    t.confidentiality["INVISIBLE_PATIENT"] = {"INVISIBLE_PATIENT", flag_system, "Non visible par le patient"};
    t.confidentiality["INVISIBLE_REPRESENTANTS_LEGAUX"] = {"INVISIBLE_REPRESENTANTS_LEGAUX", flag_system,
                                                           "Non visible par les représentants légaux du patient"};
    return t;
}
}

const code_tables& default_code_tables()
{
    static const code_tables tables = make_defaults();
    return tables;
}

cda::coded class_code(const code_tables& tables, const cda::header& header)
{
    const auto found = tables.class_by_type.find(header.type.code);
    return found == tables.class_by_type.end() ? tables.default_class : found->second;
}

cda::coded format_code(const code_tables& tables, const cda::header& header, const cda::body& body)
{
    if (body.kind == cda::body_kind::non_xml) {
        auto found = tables.format_by_media_type.find(body.media_type);
        if (found == tables.format_by_media_type.end()) found = tables.format_by_media_type.find("application/pdf");
        return found == tables.format_by_media_type.end() ? tables.default_format : found->second;
    }
    for (const cda::template_id& model : header.templates) {
        if (const auto found = tables.format_by_template.find(model.root); found != tables.format_by_template.end()) {
            return found->second;
        }
    }
    return tables.default_format;
}
}
