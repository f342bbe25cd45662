// mime/cda/parties.hpp: the people, places and dates of a document header, as plain values shared by the CDA reader,
// the N1 writer, the sidecar reader and the XDM writer (CDA R2 header, French choices of CI-SIS). Whatever tells
// something about the patient is patient_text. Copyable, no behaviour beyond small look-ups.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/text/sensitive.hpp"
#include "mime/text/timestamp.hpp"

namespace mime::cda {
struct identifier {  // II; `root^extension` where one text is needed
    std::string root;
    std::string extension;
    [[nodiscard]] bool empty() const noexcept { return root.empty() && extension.empty(); }
    [[nodiscard]] std::string text() const { return extension.empty() ? root : root + "^" + extension; }
    friend bool operator==(const identifier&, const identifier&) = default;
};

struct coded {  // CE
    std::string code;
    std::string system;  // OID
    std::string label;
    [[nodiscard]] bool empty() const noexcept { return code.empty(); }
    friend bool operator==(const coded&, const coded&) = default;
};

struct telecom {  // TEL: "tel:+33…", "mailto:…"; use WP, H, MC, DIR… or empty
    std::string value;
    std::string use;
};

struct person_name {  // of a professional or a relative; prefix M or MME, suffix DR, PR…
    std::string prefix;
    std::string family;
    std::string given;
    std::string suffix;
    [[nodiscard]] bool empty() const noexcept { return family.empty() && given.empty(); }
};

struct organisation {
    identifier id;  // root structure, extension "1" + FINESS
    std::string name;
    std::vector<telecom> telecoms;
    std::vector<std::string> address;  // lines; empty: none
    coded practice_setting;            // standardIndustryClassCode
    [[nodiscard]] bool empty() const noexcept { return id.empty() && name.empty(); }
};

struct device {  // a document made by software
    std::string model;
    std::string software;
};

struct professional {
    identifier id;  // root professional, extension "8" + RPPS
    coded speciality;
    coded function;
    person_name name;
    std::optional<device> made_by;
    std::vector<telecom> telecoms;
    organisation place;
    std::optional<timestamp> at;  // author/time, legalAuthenticator/time
};

struct recipient {  // informationRecipient: clinical, never used to route
    identifier id;
    person_name name;
    std::vector<telecom> telecoms;
    organisation place;
};

struct participant {
    std::string type;  // INF, REFB, REF…
    coded function;    // PCP with INF: the treating doctor
    std::string entity_class;
    bool is_null = false;  // a nullFlavor in the place of the person: said to be absent or unknown
    professional who;
};

struct patient_id {
    std::string root;
    patient_text extension;
};

struct patient {
    std::vector<patient_id> ids;  // as in the document, INS or not
    patient_text birth_family;    // BR
    patient_text used_family;     // CL; SP of old documents is read as this
    patient_text family;          // without qualifier (refused by the rules, seen in the field)
    patient_text birth_given;     // BR: first given name
    patient_text given_list;      // without qualifier: all given names
    patient_text used_given;      // CL
    patient_text birth_date;      // YYYYMMDD as written
    patient_text gender;          // F M UN
    patient_text birthplace_cog;
    patient_text birthplace_label;

    [[nodiscard]] const patient_id* ins() const noexcept;  // production root first, then test or demonstration
    [[nodiscard]] const patient_id* ipp()
        const noexcept;  // the first id that is no INS, no INS-C and no social security number
    // The name to show and to match with: birth name, else used name, else the bare one. Same order for the given name.
    [[nodiscard]] const patient_text& family_to_show() const noexcept;
    [[nodiscard]] const patient_text& given_to_show() const noexcept;
};

struct time_span {
    std::optional<timestamp> low;
    std::optional<timestamp> high;
};

struct service_event {
    coded code;
    time_span when;
    professional performer;  // its place holds the practice setting
};

struct encounter {
    std::vector<identifier> ids;  // stay or visit number: patient data when joined with the root, never logged
    coded type;                   // IMP EMER AMB…
    time_span when;
    coded discharge_disposition;
    coded facility_type;  // SA01…
    std::string facility_name;
};
}
