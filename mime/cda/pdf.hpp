// mime/cda/pdf.hpp: cheap facts about a PDF file (ISO 32000-1 §7.5), enough to tell a readable one from something else.
// It is not a validator: a claim of PDF/A is reported as claimed. Pure, any thread; any bytes in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mime::cda {
struct pdf_facts {
    bool has_header = false;          // %PDF- within the first 1 024 octets
    bool has_end_mark = false;        // %%EOF within the last 2 048 octets
    bool is_encrypted = false;        // an /Encrypt entry
    bool has_active_content = false;  // JavaScript, launch actions or embedded files
    std::string claimed_pdf_a;        // "1B" from pdfaid:part and pdfaid:conformance; empty if not claimed
    [[nodiscard]] bool is_readable() const noexcept { return has_header && has_end_mark && !is_encrypted; }
};

[[nodiscard]] pdf_facts look_at_pdf(std::string_view bytes);
}
