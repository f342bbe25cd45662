// relay/config/hl7_tolerances.hpp: what is accepted of HL7 senders beyond the letter of the national volet (mssante.md
// §2.8), read from a file of conf/profiles. Absent keys keep the national default; the words are those of
// mime/hl7/profile.hpp.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "relay/config/settings.hpp"

namespace relay::config {
struct hl7_tolerances {
    std::vector<std::string> processing_ids;                            // MSH-11; empty: by node.environment
    std::vector<std::string> document_profiles;                         // MSH-21
    std::vector<std::string> new_order_codes;                           // ORC-1
    std::vector<std::string> availability_codes;                        // TXA-17
    std::vector<std::string> telecom_uses;                              // PRT-15.2
    std::vector<std::string> treating_doctor_roles;                     // ROL-3.1
    std::vector<std::string> discharge_profiles;                        // MSH-21 of ADT; empty: any
    std::vector<std::string> ignored_metadata;                          // OBX-3.1, besides those known
    std::vector<std::pair<std::string, std::string>> metadata_aliases;  // OBX-3.1 -> national code, besides those known
    std::vector<std::string> treating_doctor_fields;                    // "PV1-7", "PV1-8": ADT without ROL
    std::vector<std::string> unmatched_identities;                      // PID-32 of identities that stand for nobody
    std::vector<std::string> series_classes, emergency_classes, admitted_classes;  // PV1-2: exclusions of stays
    bool document_id_namespace = false;                                            // TXA-12.2 filled with a name
    bool test_identities = false;                                                  // test INS while MSH-11 is P
    bool open_last_segment = false;                                                // no CR or LF at the end
    bool patient_ids_may_differ = false;  // PID-3 and the document hold different sets
    bool lenient_keys = false;            // check digits of INS, RPPS and FINESS are not enforced
};

// An empty path gives the defaults. Mistakes are added to the list, as load_settings does.
[[nodiscard]] hl7_tolerances load_hl7_tolerances(const path& file, std::vector<mistake>& mistakes);
}
