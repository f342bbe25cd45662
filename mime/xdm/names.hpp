// mime/xdm/names.hpp: the national subject line and the name of the PDF beside the zip (mssante.md §4.2). Both hold the
// patient's identity: patient_text, never logged. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "mime/cda/document.hpp"
#include "mime/text/sensitive.hpp"

namespace mime::xdm {
// "XDM/1.0/DDM+Lettre de liaison": the label cut at 40 characters, its first word in plain ASCII so that the prefix
// stays out of encoded words (receivers filter on it). Holds no identity: the outer subject of a sealed mail.
// Several documents in one zip: "2 documents" in place of the label.
[[nodiscard]] std::string subject_without_identity(const cda::header& header, std::size_t documents = 1);

// The same, then NOM Prénom JJ/MM/AAAA, without accents; the name in capitals. Parts that are missing are left out.
[[nodiscard]] patient_text subject_with_identity(const cda::header& header, std::size_t documents = 1);

// AAAAMMJJ_type_NOM_prenom.pdf: letters, digits and "-" only, "_" between parts, ASCII. The date is that of the act
// (first service event), else of the document.
[[nodiscard]] patient_text pdf_file_name(const cda::header& header);

// "DOC0001.XML": the name of a document inside its subset (mssante.md §5.1). Numbers start at 1.
[[nodiscard]] std::string document_name(std::size_t number);

// At most `max_characters` code points, never cut inside one; blanks at the cut are dropped.
[[nodiscard]] std::string truncate_characters(std::string_view utf8, std::size_t max_characters);
}
