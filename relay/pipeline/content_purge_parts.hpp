// relay/pipeline/content_purge_parts.hpp: what the parts of content_purge share. Private to content_purge*.cpp.
#pragma once

#include "relay/pipeline/content_purge.hpp"

namespace relay::pipeline {
// Of the certificate that is due next: it names the letter, and which of its certificates it is.
[[nodiscard]] std::string certificate_number(ports::reader& store, const letter_row& letter);
// The certificate that tells of all that happened to the letter, if it was made.
[[nodiscard]] std::optional<ack_row> certificate_for(ports::reader& store, const letter_row& letter);
[[nodiscard]] content_term term_of(ports::reader& store, const letter_row& letter, const retention_policy& policy);
}
