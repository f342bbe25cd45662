// mime/sidecar/sidecar.hpp: reads the file that comes with a PDF and says whose letter it is (our own format, see
// README.md and conf/sidecar.schema.json; JSON is RFC 8259, CSV is RFC 4180, and key=value lines), and turns both into
// a CDA N1. All forms give the same values through the same checks. Unknown keys are errors that name the key. Errors:
// sidecar_error with the path of the field, never its value; the first one found. No input throws. Times: ISO 8601 or
// HL7 form, in the flat forms also DD/MM/YYYY where it can mean one day only; without offset they are wall-clock time
// of `zone`. Pure, any thread; borrows nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/cda/n1_writer.hpp"
#include "mime/cda/parties.hpp"
#include "mime/sidecar/errc.hpp"
#include "mime/sidecar/form.hpp"
#include "mime/text/zone.hpp"

namespace mime::sidecar {
struct sidecar_limits {
    std::size_t max_octets = 256 * 1024;
    std::size_t max_depth = 8;
    std::size_t max_recipients = 50;
    std::size_t max_text_octets = 1000;  // of any one text
    std::size_t max_flat_keys = 500;     // lines or columns with a key
};

enum class key_checks { strict, lenient };  // lenient: form only, as official test identities fail their own keys

struct establishment {
    std::string finess;
    std::string name;
    std::string oid_root;   // of the establishment's own ids
    std::string ipp_root;   // empty: oid_root.1
    std::string stay_root;  // empty: oid_root.2
    std::string phone;      // "tel:…"
    std::vector<std::string> address;
    std::string facility_type = "SA01";
};

struct sidecar_defaults {
    establishment site;  // used wherever the sidecar's own "establishment" says nothing
    std::optional<mime::zone> zone;
    key_checks keys = key_checks::strict;
    sidecar_limits limits;
};

enum class recipient_role { treating_doctor, professional, organisation, patient };

struct letter_recipient {
    std::string address;  // secure mail address; empty: to be found in the directory
    std::string rpps;
    std::string family;
    std::string given;
    std::string organisation;
    recipient_role role = recipient_role::professional;
    std::string path;  // in the words of the file: "recipients[1]", "recipients.2"; for errors found later
};

struct stay {
    std::string number;
    timestamp admission;
    std::optional<timestamp> discharge;
    std::string service_code;
    std::string service_label;
    std::string patient_class = "I";  // as PV1-2: I E O R N
};

struct document {
    cda::coded type;
    std::string title;
    std::string id;      // OID; made from the set and the version when the sidecar gives none
    std::string set_id;  // OID; a local text becomes 2.25.<UUID made from it and the establishment's root>
    std::uint32_t version = 1;
    std::optional<std::string> replaces;
    std::string confidentiality = "N";
    std::string language = "fr-FR";
    timestamp created;  // signed_at unless said otherwise
};

enum class operation { initial, replace, remove };  // "initial", "replace", "delete"

struct pdf_sidecar {
    operation what = operation::initial;  // not said: replace from version 2 on
    cda::patient patient;
    sidecar::stay stay;
    cda::professional author;     // the signatory when the sidecar names no author
    cda::professional signatory;  // at: signed_at
    std::optional<letter_recipient> treating_doctor;
    std::vector<letter_recipient> recipients;
    sidecar::document document;
    establishment site;  // defaults merged with the sidecar's own values
};

[[nodiscard]] sidecar_result<pdf_sidecar> read_sidecar(std::string_view text, const sidecar_defaults& defaults,
                                                       sidecar_form form = sidecar_form::json);

[[nodiscard]] cda::n1_input to_n1(const pdf_sidecar& from);
[[nodiscard]] std::string write_n1(const pdf_sidecar& from, std::string_view pdf);
}
