// mime/xdm/package.hpp: the IHE XDM zip of a letter (IHE ITI TF-3 cross-document media, French layout of mssante.md
// §5): INDEX.HTM, README.TXT, IHE_XDM/SUBSET01/METADATA.XML and DOC0001.XML, DOC0002.XML... INDEX.HTM and README.TXT
// hold no identity. Writing is deterministic: same input, same bytes. Reading accepts other producers' zips: names
// without case, extra files. Errors: xdm_errc. No input throws. Pure, any thread; borrows its input only during the
// call.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mime/cda/document.hpp"
#include "mime/text/sensitive.hpp"
#include "mime/text/zone.hpp"
#include "mime/xdm/code_tables.hpp"
#include "mime/xdm/errc.hpp"

namespace mime::xdm {
enum class compression { by_content, stored, deflated };  // by_content: stored when the CDA is mostly base64 (N1)
enum class letter_action { initial, replace, remove };    // « action » metadata: none, C, D
enum class action_place { submission_set, document_entry };

inline constexpr std::size_t max_written_documents = 99;

struct xdm_source {
    std::string_view bytes;     // the CDA: goes into the zip byte for byte
    const cda::header& header;  // of that document
    const cda::body& body;
};

struct xdm_input {
    std::vector<xdm_source> documents;  // 1 to max_written_documents, all about one patient; the first speaks for all
    const mime::zone& zone;             // of the site, for times without offset

    utc_instant built_at;                 // submission time and date of the zip's files
    std::string source_id;                // OID of this system
    std::string submission_id;            // OID, new for each submission
    std::string patient_class = "I";      // PV1-2
    std::vector<std::string> flags = {};  // MASQUE_PS, INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX
    letter_action action = letter_action::initial;
    std::string action_slot = "urn:action:extraMetadataSlot";  // name and place are not settled: see README.md;
    action_place place = action_place::submission_set;         // empty name: no slot
    const cda::professional* sender = nullptr;                 // PRT SB; else the first author
    std::string establishment = {};                            // for README.TXT; empty: the author's organisation
    compression how = compression::by_content;
    const code_tables& tables = default_code_tables();
};

// Errors: missing_value (no document or too many; in one of them no patient id, date, signatory, facility or practice
// code), zip_failed.
[[nodiscard]] result<std::string> write_package(const xdm_input& input);

// METADATA.XML alone, of write_package.
[[nodiscard]] result<std::string> write_metadata(const xdm_input& input);

struct xdm_limits {
    std::size_t max_zip_octets = 40 * 1024 * 1024;
    std::size_t max_entries = 200;
    std::size_t max_expanded_octets = 80 * 1024 * 1024;
    std::size_t max_ratio = 200;  // of one entry, beyond its first 64 KiB; deflate itself stays under 1 032
};

struct xdm_document {
    std::string uri;  // as in the metadata
    std::string mime_type;
    std::string unique_id;
    patient_text patient_id;                   // CX as in the metadata: 285…^^^&1.2.250.1.213.1.4.10&ISO^NH
    std::vector<std::string> confidentiality;  // codes: N R V and the three flags
    std::string hash;                          // SHA-1, lower case, verified
    std::size_t size = 0;                      // octets, verified
    std::string bytes;
};

struct xdm_recipient {  // of the submission set; what is empty was not given
    std::string address;
    std::string rpps;
    std::string family;
    std::string given;
};

struct xdm_package {
    std::vector<xdm_document> documents;
    std::vector<xdm_recipient> recipients;
    // From any slot of a submission set or document whose name holds "action", since the national name is not settled.
    letter_action action = letter_action::initial;
};

// Every document of every subset, hash and size verified where the metadata gives them, all about one patient as far as
// the metadata say. Errors: with their place.
[[nodiscard]] xdm_result<xdm_package> read_package(std::string_view zip, const xdm_limits& limits = {});
}
