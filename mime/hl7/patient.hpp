// mime/hl7/patient.hpp: patient and visit as PID and PV1 give them, alike in MDM 2.6 and in the ADT of PAM France 2.5
// (mssante.md §2.3, §9.2). Pure, safe from any thread. Whatever identifies a patient is a patient_text.
#pragma once

#include "mime/hl7/checker.hpp"
#include "mime/hl7/message.hpp"
#include "mime/hl7/profile.hpp"
#include "mime/text/sensitive.hpp"
#include "mime/text/timestamp.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::hl7 {
struct patient_identifier {
    patient_text value;
    std::string authority_name;  // assigning authority, CX.4.1
    std::string authority_id;    // CX.4.2, an OID when authority_id_type is ISO
    std::string authority_id_type;
    std::string type;  // PI, INS, AN, VN …
    friend bool operator==(const patient_identifier&, const patient_identifier&) = default;
};

struct patient_name {
    patient_text family;
    patient_text given;       // first given name of the birth act
    patient_text given_list;  // all of them
};

struct patient {
    std::optional<patient_identifier> ins;          // by its OID; also in `identifiers`
    std::vector<patient_identifier> identifiers;    // PID-3, all, as sent: compared with the CDA's
    std::optional<patient_identifier> local;        // the first of type PI (IPP)
    patient_name birth_name;                        // type L
    std::optional<patient_name> used_name;          // type D
    patient_text birth_date;                        // as sent, YYYY[MM[DD]]…, checked
    patient_text sex;                               // M F U O A N, or empty
    patient_text birthplace;                        // COG, or empty
    std::optional<patient_identifier> file_number;  // PID-18
    std::string reliability;                        // PID-32; VALI = validated
    bool identity_unknown = false;                  // PID-31 = Y
};

struct visit {
    std::string patient_class;                 // PV1-2: E I O R N
    std::optional<patient_identifier> number;  // PV1-19
    std::string service;                       // PV1-3.1, the care unit's code; may be empty
    std::string service_name;                  // MDM: PV1-3.9, ADT: ZBE-7.1; may be empty
    bool has_referrer = false;                 // PV1-8 names a doctor
    std::optional<timestamp> admission;        // PV1-44
    std::optional<timestamp> discharge;        // PV1-45
};

// INS-NIR, INS-NIA, and their test and demonstration forms (§9.2).
[[nodiscard]] bool is_ins_oid(std::string_view oid) noexcept;
[[nodiscard]] bool is_test_ins_oid(std::string_view oid) noexcept;

[[nodiscard]] patient_identifier read_identifier(const repetition& cx);
[[nodiscard]] patient read_patient(checker& check, const segment& pid, const profile& profile,
                                   std::string_view processing_id);
[[nodiscard]] visit read_visit(checker& check, const segment& pv1);
}
