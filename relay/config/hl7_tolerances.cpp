#include "relay/config/hl7_tolerances.hpp"

#include "relay/config/table_reader.hpp"

namespace relay::config {
hl7_tolerances load_hl7_tolerances(const path& file, std::vector<mistake>& mistakes)
{
    hl7_tolerances read;
    if (file.empty()) return read;
    try {
        const toml::table root = toml::parse_file(file.string());
        table_reader top(&root, "racine", file, mistakes);
        top.mark("hl7");
        top.mark("matrix_row");  // rows of the routing matrix: relay/pipeline/routing_matrix.hpp
        table_reader in(root["hl7"].as_table(), "hl7", file, mistakes);
        in.texts("processing_ids", read.processing_ids);
        in.texts("document_profiles", read.document_profiles);
        in.texts("new_order_codes", read.new_order_codes);
        in.texts("availability_codes", read.availability_codes);
        in.texts("telecom_uses", read.telecom_uses);
        in.texts("treating_doctor_roles", read.treating_doctor_roles);
        in.texts("discharge_profiles", read.discharge_profiles);
        in.texts("ignored_metadata", read.ignored_metadata);
        in.pairs("metadata_aliases", read.metadata_aliases);
        in.texts("treating_doctor_fields", read.treating_doctor_fields);
        in.texts("unmatched_identities", read.unmatched_identities);
        in.texts("series_classes", read.series_classes);
        in.texts("emergency_classes", read.emergency_classes);
        in.texts("admitted_classes", read.admitted_classes);
        in.flag("document_id_namespace", read.document_id_namespace);
        in.flag("test_identities", read.test_identities);
        in.flag("open_last_segment", read.open_last_segment);
        in.flag("lenient_keys", read.lenient_keys);
        in.flag("patient_ids_may_differ", read.patient_ids_may_differ);
    } catch (const toml::parse_error& error) {
        mistakes.push_back({file.filename().string() + ":" + std::to_string(error.source().begin.line),
                            "profil HL7 illisible : " + std::string(error.description())});
    }
    return read;
}
}
