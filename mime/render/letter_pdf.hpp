// mime/render/letter_pdf.hpp: a PDF of a document that brings none, structured (CDA N3) or N1 of plain text (mssante.md
// §4.3, domain.md §9): a head (title, type, date, patient, stay, author, organisation, signatory, recipients) and the
// narrative in reading order. Real text, tagged, in the language of the document; what it says of itself is in
// pdf_writer.hpp. Its metadata hold the document's title and date and no identity. Deterministic: nothing of the clock,
// the machine or its fonts. Bounded by render_limits: what does not fit is left out, and the last page says so and
// where the whole is. Pure, any thread; CPU work of milliseconds, for hostile input of the order of a second: worker
// threads only.
#pragma once

#include <string>

#include "mime/cda/document.hpp"
#include "mime/cda/narrative_blocks.hpp"
#include "mime/text/zone.hpp"

namespace mime::render {
struct render_limits {
    std::size_t max_pages = 100;  // besides the one that says what is missing
    cda::narrative_limits narrative;
};

[[nodiscard]] std::string letter_pdf(const cda::cda_document& document, const mime::zone& zone,
                                     const render_limits& limits = {});
}
