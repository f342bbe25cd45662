// relay/app/digest_text.hpp: the weekly digest of a group as people read it: a table in plain text and in HTML, and a
// chart. Counts and rates by service only (domain.md §5, §10). Pure.
#pragma once

#include "relay/app/table.hpp"
#include "relay/pipeline/digest.hpp"

namespace relay::app {
struct digest_content {
    std::string subject, text, html, picture;  // PNG
};
[[nodiscard]] digest_content make_digest(const std::string& group, pipeline::digest_week week,
                                         const pipeline::broken_down& figures, const pipeline::organisation& sites);
[[nodiscard]] table digest_table(const pipeline::broken_down& figures, const pipeline::organisation& sites);
}
