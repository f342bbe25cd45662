// mime/cda/checks.hpp: what is asked of a document before it is sent (domain.md items C01–C17, technical items
// T01–T10). Each check is one row of a table in checks.cpp; a check adds findings and never stops the others. Only an
// unreadable or unsigned document, gaps in the identity and a test identity in production block: the rest of the
// national rules is for warnings. Findings name places, never values. Pure, any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "mime/cda/document.hpp"

namespace mime::cda {
enum class level { block, warn };
enum class site_environment { production, test };

struct finding {
    std::string id;  // "C03"
    cda::level level = level::warn;
    std::string field;
    std::string text;  // French
};

struct check_options {
    site_environment environment = site_environment::production;
    std::chrono::year_month_day today;  // of the site; a birth date after it is refused
};

// `content` is what extract_body gave for an N1 document, and is not looked at for an N3 one. It is asked for so that
// the caller decodes once for all uses; its error, if any, becomes the finding.
[[nodiscard]] std::vector<finding> check_document(const cda_document& document, const cda_result<std::string>& content,
                                                  const check_options& options);

// T01: a document that could not be read at all.
[[nodiscard]] finding finding_of(const cda_error& error);

[[nodiscard]] bool blocks(const std::vector<finding>& findings) noexcept;
}
