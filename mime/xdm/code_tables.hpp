// mime/xdm/code_tables.hpp: the national tables behind XDS metadata, as data so that settings can replace them:
// typeCode → classCode (ASS_X04), CDA model or N1 media type → formatCode (ASS_A11), PV1-2 → contentTypeCode (JDV_J59),
// labels of confidentiality. The rows of ASS_X04 for discharge letters are not published where we could read them:
// class 10 is our default, and labels of contentTypeCode are ours. Pure data, any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "mime/cda/document.hpp"
#include "mime/cda/parties.hpp"

namespace mime::xdm {
struct code_tables {
    std::map<std::string, cda::coded, std::less<>> class_by_type;  // key: code of ClinicalDocument
    cda::coded default_class;
    std::map<std::string, cda::coded, std::less<>> format_by_template;     // key: OID of the CDA model
    std::map<std::string, cda::coded, std::less<>> format_by_media_type;   // N1
    cda::coded default_format;                                             // N3 of no known model
    std::map<std::string, cda::coded, std::less<>> content_type_by_class;  // key: PV1-2
    std::map<std::string, cda::coded, std::less<>> confidentiality;        // N R V and the three flags
};

[[nodiscard]] const code_tables& default_code_tables();

[[nodiscard]] cda::coded class_code(const code_tables& tables, const cda::header& header);
[[nodiscard]] cda::coded format_code(const code_tables& tables, const cda::header& header, const cda::body& body);
}
