// mime/cda/document.hpp: reads a clinical document (HL7 CDA R2, French header of CI-SIS), body level 1 (one file in
// base64) or 3 (sections). Elements are matched on namespace and local name, never on the prefix. A ClinicalDocument
// inside an envelope (auto-présentable, enveloping signature) is found; the envelope's style sheet or signature is
// never run or judged. Limits: cda_limits. Errors: cda_error with the place and never a value. No input throws or is
// read past its end. What the national rules call an error is not one here: absent fields stay empty, checks.hpp says
// what blocks. cda_document owns its tree; views taken from it live as long as it does; it borrows the bytes it was
// read from, for the base64 in them. Safe from any thread, one thread at a time.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mime/cda/errc.hpp"
#include "mime/cda/parties.hpp"
#include "mime/cda/xml_scan.hpp"

namespace mime::cda {
struct template_id {
    std::string root;
    std::string version;  // extension, "2022.01"; often empty
};

struct header {
    identifier id;  // id.text() is the XDS uniqueId
    std::optional<identifier> set_id;
    std::optional<std::uint32_t> version;  // empty too when written as anything but digits
    coded type;                            // code
    std::string title;
    std::optional<timestamp> effective_time;
    std::string confidentiality;  // N R V
    std::string language;
    std::vector<template_id> templates;
    cda::patient patient;
    std::vector<professional> authors;
    std::optional<professional> legal_authenticator;
    bool signature_code_is_s = false;  // legalAuthenticator/signatureCode
    organisation custodian;
    std::vector<recipient> recipients;
    std::vector<participant> participants;
    std::vector<service_event> service_events;
    std::optional<cda::encounter> encounter;
    std::optional<identifier> replaces;  // relatedDocument RPLC parent id

    [[nodiscard]] const participant* treating_doctor() const noexcept;  // INF + PCP
    // First service event with a performer, else the first one.
    [[nodiscard]] const service_event* main_event() const noexcept;
    // FINESS behind the document: first author, legal authenticator, then custodian. Empty if none has one.
    [[nodiscard]] std::string_view author_finess() const noexcept;
    [[nodiscard]] std::string_view author_organisation_name() const noexcept;
};

enum class body_kind { non_xml, structured };

// What stands around ClinicalDocument in the file (cda.md §9): found, never run and never judged.
enum class envelope { none, style_sheet, signature, other };

struct body {
    body_kind kind = body_kind::non_xml;
    std::string media_type;      // N1: as written, may be empty
    std::string representation;  // N1: "B64"
    envelope around = envelope::none;
};

class cda_document {
public:
    [[nodiscard]] const cda::header& header() const noexcept;
    [[nodiscard]] const cda::body& body() const noexcept;

    // Opaque to other rooms: the parsed tree.
    struct tree;
    explicit cda_document(std::unique_ptr<tree> parsed) noexcept;
    cda_document(cda_document&&) noexcept;
    cda_document& operator=(cda_document&&) noexcept;
    ~cda_document();
    [[nodiscard]] const tree& parsed() const noexcept { return *tree_; }

private:
    std::unique_ptr<tree> tree_;
};

// Errors: every cda_errc up to no_body. `bytes` must outlive the document: long base64 is read from them, not copied.
[[nodiscard]] cda_result<cda_document> read_document(std::string_view bytes, const cda_limits& limits = {});

// The same for bytes of which nobody else is the owner.
[[nodiscard]] cda_result<cda_document> read_and_keep(std::string bytes, const cda_limits& limits = {});
template <class Bytes>
requires std::same_as<Bytes, std::string>  // rvalues only: a temporary must not be borrowed
[[nodiscard]] cda_result<cda_document> read_document(Bytes&& bytes, const cda_limits& limits = {})
{
    return read_and_keep(std::forward<Bytes>(bytes), limits);
}

// N1: the decoded file. Errors: not_non_xml_body, not_base64, empty_content. Text that is not marked B64 is returned as
// it stands (text/plain of old documents).
[[nodiscard]] cda_result<std::string> extract_body(const cda_document& document);

// N3: the PDF copy of section 1.2.250.1.213.1.1.2.243 (LOINC 55108-5). nullopt: there is none.
[[nodiscard]] cda_result<std::optional<std::string>> extract_pdf_copy(const cda_document& document);

// N3: section titles and narrative as plain text lines (LF), tables with " | " between cells, cut at max_octets on a
// character. Empty for N1.
[[nodiscard]] std::string narrative_text(const cda_document& document, std::size_t max_octets = 200'000);
}
