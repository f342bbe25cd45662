// mime/hl7/participant.hpp: PRT segments: sender, recipients, reply address (mssante.md §2.4). Pure, safe from any
// thread. An address is taken from PRT-15.4 and from nowhere else: nothing is guessed.
#pragma once

#include "mime/hl7/checker.hpp"
#include "mime/hl7/message.hpp"
#include "mime/hl7/profile.hpp"
#include "mime/text/sensitive.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mime::hl7 {
struct person {
    patient_text id;   // PRT-5.1 as sent: an INS when the recipient is the patient
    std::string rpps;  // 11 digits, for professionals only; empty if the id is no RPPS
    patient_text family;
    patient_text given;
    std::string authority_oid;  // PRT-5.9.2
    std::string id_type;        // PRT-5.13
};

struct organisation {
    std::string name;           // PRT-8.1
    std::string authority_oid;  // PRT-8.6.2
    std::string id_type;        // PRT-8.7: FINEJ, FINEG, IDNST, UF, SVR
    std::string id;             // PRT-8.10
};

struct sender {
    std::optional<hl7::person> person;
    std::optional<hl7::organisation> organisation;
    std::string device;  // PRT-10.1
};

enum class recipient_kind { professional, organisation, patient, application };

struct recipient {
    recipient_kind kind = recipient_kind::professional;
    patient_text address;  // whole addresses are identity: a patient's holds the INS (domain.md §10)
    std::optional<hl7::person> person;
    std::optional<hl7::organisation> organisation;
    std::string device;
    std::string location;              // PRT^2
    std::optional<hl7_error> refusal;  // this recipient cannot be served; the others can (§2.8: patient address)
};

struct participants {
    std::optional<hl7::sender> sender;
    std::vector<recipient> recipients;     // in the order of the message
    std::optional<patient_text> reply_to;  // REPLY
};

// RPPS of 11 digits, alone or behind the type digit 8 (§9.1); empty for anything else.
[[nodiscard]] std::string normalised_rpps(std::string_view id);

// "local@domain" in ASCII without blanks or controls, RFC 5321 §4.5.3.1 lengths. Not a proof that it exists.
[[nodiscard]] bool is_mail_address(std::string_view text) noexcept;

// Person of an XCN-like field (PRT-5, ROL-4); nullopt if both identifier and family name are empty.
[[nodiscard]] std::optional<person> read_person(const repetition& xcn);

[[nodiscard]] participants read_participants(checker& check, const std::vector<segment>& prts, const profile& profile);
}
