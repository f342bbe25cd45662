// mime/cda/n1_writer.hpp: writes a CDA R2 level 1 document (French header of CI-SIS around one PDF in base64) that
// passes the national rules with no error and no warning. The caller has checked the values (mime/sidecar does);
// nothing here fails. Input is UTF-8; everything is escaped. Time stamps are written as given: instants should carry
// seconds and an offset. Deterministic: same input, same bytes. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/cda/parties.hpp"

namespace mime::cda {
struct n1_stay {
    identifier number;  // root of the establishment's stay numbers, extension = number
    coded type{"IMP", "2.16.840.1.113883.5.4", "Hospitalisation (établissement, y compris HAD)"};
    time_span when;  // low = admission (required), high = discharge
    coded facility_type{"SA01", "1.2.250.1.71.4.2.4", "Etablissement public de santé"};
    std::string place_name;  // ward or establishment; empty: not written
};

struct n1_input {
    std::string id;      // OID of this version
    std::string set_id;  // OID of all versions
    std::uint32_t version = 1;
    std::optional<std::string> replaces;  // id of the version before; goes with version > 1
    coded type{"11490-0", "2.16.840.1.113883.6.1", "Lettre de liaison à la sortie d'un établissement de soins"};
    std::string title;
    timestamp created;
    std::string confidentiality = "N";
    std::string language = "fr-FR";
    cda::patient patient;
    professional author;     // at: defaults to created
    professional signatory;  // at: instant of signature, defaults to created
    organisation custodian;
    std::optional<professional> treating_doctor;
    std::vector<recipient> recipients;
    n1_stay stay;
    coded practice_setting{"ETABLISSEMENT", "1.2.250.1.213.1.1.4.9", "Etablissement de santé"};
};

[[nodiscard]] std::string write_n1(const n1_input& input, std::string_view pdf);
}
