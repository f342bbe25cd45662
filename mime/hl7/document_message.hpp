// mime/hl7/document_message.hpp: reads the messages that carry documents: MDM^T02/T10/T04^MDM_T02 v2.6 (one document)
// and ORU^R01^ORU_R01 v2.5 (one or two), with their handling orders (ANS volet « Transmission d'un document CDA-R2 en
// HL7v2 » 2.1; mssante.md §2.1 to §2.8). Pure, safe from any thread. Sizes are octets; a document is the decoded base64
// as sent, never transcoded: hash and size are taken over it. Errors: HL70357 codes with place; 207 for what
// contradicts itself, at the field that disagrees. One document too many: 198. The CDA inside is not looked at.
#pragma once

#include "mime/hl7/header.hpp"
#include "mime/hl7/message.hpp"
#include "mime/hl7/participant.hpp"
#include "mime/hl7/patient.hpp"
#include "mime/hl7/profile.hpp"
#include "mime/text/sensitive.hpp"
#include "mime/text/timestamp.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mime::hl7 {
struct coded_value {
    std::string code;
    std::string label;
    std::string system;  // LN or TRE_A05 for document types
};

struct document_id {
    std::string root;       // OID or UUID
    std::string extension;  // may be empty
    friend bool operator==(const document_id&, const document_id&) = default;
};

// §2.1. MDM: the event; ORU: ORC-1. ORC-1 and OBX-11 of the documents agree with it, or the message is refused.
enum class operation {
    initial,  // T02, NW, F
    replace,  // T10, RO, C
    remove,   // T04, CA, D
};

struct carried_document {
    document_id id;                     // TXA-12; empty for ORU, which names documents in the CDA alone
    std::optional<document_id> parent;  // TXA-13; always there for an MDM that replaces
    coded_value type;                   // OBR-4 = TXA-2 = OBX-3
    std::string bytes;                  // decoded OBX-5.5
    std::string location;               // "OBX^1^5"
};

// The Y/N orders of §2.5, by their national names.
struct handling_flags {
    bool masked_from_professionals = false;     // MASQUE_PS
    bool invisible_to_patient = false;          // INVISIBLE_PATIENT
    bool invisible_to_representatives = false;  // INVISIBLE_REP_LEGAUX
    bool secret_connection = false;             // CONNEXION_SECRETE
    bool confidentiality_change = false;        // MODIF_CONF_CODE
    bool to_shared_record = false;              // DESTDMP
    bool to_professionals = false;              // DESTMSSANTEPS: professionals, organisations, applications
    bool to_patient = false;                    // DESTMSSANTEPAT
    bool acknowledge_reception = false;         // ACK_RECEPTION
    bool acknowledge_reading = false;           // ACK_LECTURE_MSS
};

enum class patient_reply { allowed, closed };  // closed: NTE-4 = FIN after DESTMSSANTEPAT

struct document_message {
    message_header header;
    operation what = operation::initial;
    timestamp recorded;  // EVN-2; ORU: MSH-7
    hl7::patient patient;
    hl7::visit visit;                         // all empty for an ORU without PV1
    std::vector<carried_document> documents;  // 1; ORU: 1 or 2, for the same recipients
    std::optional<hl7::sender> sender;        // PRT SB
    std::vector<recipient> recipients;        // PRT RCT, all of them: `flags` say which kinds are wanted
    std::optional<patient_text> reply_to;     // PRT REPLY
    handling_flags flags;
    // National code of each flag that was given -> its place, "OBX^7^5", for errors about combinations.
    std::map<std::string, std::string, std::less<>> flag_places;
    patient_reply reply = patient_reply::allowed;
    std::optional<patient_text> body_for_professionals;  // CORPSMAIL_PS, UTF-8
    std::optional<patient_text> body_for_patient;        // CORPSMAIL_PATIENT, UTF-8
    std::vector<hl7_warning> warnings;
};

// Of a message whose form_of() is `document`. Copies each document once, decoding it.
[[nodiscard]] hl7_result<document_message> read_document_message(const message& message, const profile& profile);
}
