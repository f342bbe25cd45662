// mime/hl7/profile.hpp: what is accepted beyond the letter of the national volet (mssante.md §2.3, §2.8). Plain data,
// filled from settings: codes and lists move with the agency's versions, the code does not. The defaults are the
// national texts plus the tolerances without risk; those for old or test senders are off.
#pragma once

#include "mime/hl7/message.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mime::hl7 {
enum class tolerance { refused, accepted };

struct profile {
    // MSH-11. A test platform lists T and D instead (§2.3).
    std::vector<std::string> processing_ids = {"P"};
    // MSH-21.1^MSH-21.2 of MDM, spaces around components removed.
    std::vector<std::string> document_profiles = {"2.1^CISIS_CDA_HL7_V2"};
    // The same for ADT; empty: any, or none.
    std::vector<std::string> discharge_profiles;

    // Older names of metadata codes -> those of §2.5, and codes that are skipped.
    std::vector<std::pair<std::string, std::string>> metadata_aliases = {
        {"ACK_LECTURE", "ACK_LECTURE_MSS"},
        {"INVISIBLE_REPRESENTANTS_LEGAUX", "INVISIBLE_REP_LEGAUX"},
        {"MODIF_CONFIDENTIALITYCODE", "MODIF_CONF_CODE"},
    };
    std::vector<std::string> ignored_metadata = {"COMP_LOT"};

    // ORC-1 values that mean an initial document; old senders say SC.
    std::vector<std::string> new_order_codes = {"NW"};
    // TXA-17; old senders say LA.
    std::vector<std::string> availability_codes = {"AU"};
    // PRT-15.2 values besides none; some senders say NET.
    std::vector<std::string> telecom_uses;
    // TXA-12.2 / TXA-13.2 filled with the name of an organisation.
    tolerance document_id_namespace = tolerance::refused;
    // Test INS (OIDs .10 and .11) while MSH-11 is P (§9.2).
    tolerance test_identities_in_production = tolerance::refused;
    // Wrong check digits of INS, RPPS and FINESS: refused in production only (§9.3); accepted, they are warned of.
    tolerance wrong_keys = tolerance::refused;
    // A last segment without CR or LF: cannot be told from a message cut short.
    last_segment ending = last_segment::terminated;

    // ROL-3.1 of the treating doctor in ADT (PAM France: officially declared referring physician).
    std::vector<std::string> treating_doctor_roles = {"ODRP"};
    // Fields of ADT whose doctor is the treating one when no ROL names him: "PV1-7", "PV1-8". PAM France says attending
    // and referring there, so none by default.
    std::vector<std::string> treating_doctor_fields;
    // PID-32 of identities that stand for nobody in particular (fictitious, doubtful): stays and letters are never
    // matched by them.
    std::vector<std::string> unmatched_identities = {"FICT", "FICTI", "DOUT", "DOUTE", "CACH"};
};
}
