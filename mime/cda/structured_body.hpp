// mime/cda/structured_body.hpp: sections and entries of a level 3 document as plain values (CDA R2 §4.3; models
// FR-… of CI-SIS, cda.md §6): enough to say what is present, not to show it. Sections are found by their LOINC code and
// entries by their code, in any order, at any depth and with any prefix. Limits: structured_limits; what lies past one
// is left out and `complete` says so. Pure, any thread; the result owns its values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/cda/document.hpp"

namespace mime::cda {
struct structured_limits {
    std::size_t max_sections = 200;
    std::size_t max_entries = 5'000;               // entries of all sections
    std::size_t max_references = 20'000;           // and as many narrative ids
    std::size_t max_narrative_octets = 64 * 1024;  // kept of each section
};

// A simple observation of the status and synthesis sections: code and value.
struct coded_fact {
    coded code;                      // ORG-070, MED-142…, of TA_ASIP
    coded value_code;                // CE, CD
    std::optional<bool> value_bool;  // BL
    bool has_value_text = false;     // ST, ED with something else than blanks
    // Something is said: a code, a truth value or a text.
    [[nodiscard]] bool stated() const noexcept
    {
        return !value_code.empty() || value_bool.has_value() || has_value_text;
    }
};

struct treatment {             // FR-Traitement
    bool says_none = false;    // no-known-medications, no-medication-info
    bool has_product = false;  // a code or a name
    bool has_dose = false;
    bool has_end = false;  // an end or a duration
};

struct section_facts {      // of all sections of that code, and of those inside them
    std::string code;       // LOINC
    std::string narrative;  // patient data: never leaves mime/cda
    std::vector<coded_fact> facts;
    std::vector<treatment> treatments;
    std::size_t entries = 0;
    std::size_t acts = 0;  // procedures and requests of examinations, done or planned
    [[nodiscard]] const coded_fact* fact(std::string_view ta_asip_code) const noexcept;
    [[nodiscard]] bool has_text() const noexcept { return !narrative.empty(); }
};

struct structured_body {
    std::vector<section_facts> sections;
    std::size_t broken_references = 0;  // reference/@value without a narrative id of that name
    bool complete = true;               // false: a limit was reached
    [[nodiscard]] const section_facts* section(std::string_view loinc) const noexcept;   // the first one
    [[nodiscard]] const coded_fact* fact(std::string_view ta_asip_code) const noexcept;  // in any section
};

// Empty for N1.
[[nodiscard]] structured_body read_structured_body(const cda_document& document, const structured_limits& limits = {});
}
